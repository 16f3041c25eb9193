"""Matching: which topic of a refit is which of the old ones, and what was born, merged, split or died."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from navab.topics.matching import Change, match_topics


def match(before: list[int | None], after: list[int]) -> list[Change]:
    return match_topics(before, np.array(after, dtype=np.int64), max(after, default=-1) + 1)


def events(before: list[int | None], after: list[int]) -> list[tuple[str, int | None, tuple[int, ...]]]:
    return [(change.event, change.kept, change.related) for change in match(before, after)]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([7, 7, 8, 8], [1, 1, 0, 0], [("kept", 8, (8,)), ("kept", 7, (7,))]),
        ([None, None], [0, 0], [("born", None, ())]),
        ([7, 7, 7, None, None], [0, 0, 0, 1, 1], [("kept", 7, (7,)), ("born", None, ())]),
        ([7, 7, 7, 8, 8], [0, 0, 0, 0, 0], [("merged", 7, (7, 8))]),
        ([7, 7, 7, 7, 7], [0, 0, 0, 1, 1], [("kept", 7, (7,)), ("split", None, (7,))]),
        ([7, 7, 8, 8], [0, 0, -1, -1], [("kept", 7, (7,)), ("died", None, (8,))]),
        # A large topic is split in two, and one half takes in a small one: that one's id would be a lie for it.
        ([1] * 10 + [2], [0] * 5 + [1] * 5 + [0], [("merged", 1, (1, 2)), ("split", None, (1,))]),
        ([], [], []),
    ],
)
def test_events(
    before: list[int | None], after: list[int], expected: list[tuple[str, int | None, tuple[int, ...]]]
) -> None:
    assert events(before, after) == expected


ARTICLES = st.lists(st.tuples(st.none() | st.integers(100, 105), st.integers(-1, 5)), max_size=40)


@given(ARTICLES)
def test_every_new_topic_has_one_change_and_no_id_is_given_twice(articles: list[tuple[int | None, int]]) -> None:
    before, after = [old for old, _ in articles], [new for _, new in articles]
    changes = match(before, after)
    assert [change.topic for change in changes if change.topic is not None] == list(range(max(after, default=-1) + 1))
    kept = [change.kept for change in changes if change.kept is not None]
    assert len(kept) == len(set(kept))
    died = {change.related[0] for change in changes if change.event == "died"}
    assert not died & set(kept)


@given(ARTICLES, st.randoms())
def test_the_order_of_articles_does_not_matter(articles: list[tuple[int | None, int]], chance: object) -> None:
    shuffled = sorted(articles, key=lambda _: chance.random())  # type: ignore[attr-defined]
    count = max((new for _, new in articles), default=-1) + 1
    one, other = (
        match_topics([old for old, _ in rows], np.array([new for _, new in rows], dtype=np.int64), count)
        for rows in (articles, shuffled)
    )
    assert one == other


@given(st.lists(st.integers(0, 5), max_size=40))
def test_the_same_topics_under_other_numbers_keep_all_ids(topics: list[int]) -> None:
    present = sorted(set(topics))
    after = np.array([present.index(topic) for topic in topics], dtype=np.int64)
    changes = match_topics([100 + topic for topic in topics], after, len(present))
    assert [change.event for change in changes] == ["kept"] * len(present)
    assert [change.kept for change in changes] == [100 + topic for topic in present]
