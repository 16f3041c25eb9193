"""Tags: normalised, put together by meaning, and made topics where enough articles share them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from navab.models.embedder import Vectors
from navab.topics.tags import consolidate, normalise_tag

# Words of one letter lie on the axis of that letter: "a1" and "a2" mean the same.
LETTERS = "abcdef"


def embed(words: Sequence[str]) -> Vectors:
    return np.eye(len(LETTERS), dtype=np.float32)[[LETTERS.index(word[0]) for word in words]]


def topics(tags: Sequence[Sequence[str]], min_size: int = 2) -> list[tuple[str, list[int]]]:
    found = consolidate(tags, embed, min_size=min_size, min_similarity=0.8)
    return [(topic.tag, topic.members.tolist()) for topic in found]


@pytest.mark.parametrize(
    ("tag", "plain"),
    [
        (" #Climate  Policy. ", "climate policy"),
        ("《气候》", "气候"),
        ("Ｃｌｉｍａｔｅ", "climate"),
        ("...", ""),
        ("a sentence that goes on and on and is no tag at all, whatever the engine thinks", ""),
    ],
)
def test_normalised(tag: str, plain: str) -> None:
    assert normalise_tag(tag) == plain


def test_tags_of_one_meaning_are_one_topic_named_by_the_commonest() -> None:
    assert topics([["a1"], ["a2"], ["A2"], ["b1"]]) == [("a2", [0, 1, 2])]


def test_an_article_goes_to_the_largest_of_its_topics() -> None:
    assert topics([["a"], ["a", "b"], ["a"], ["b"], ["b"]]) == [("a", [0, 1, 2]), ("b", [3, 4])]


def test_what_too_few_share_is_no_topic() -> None:
    assert topics([["a"], ["b"], [], ["c", "..."]]) == []


TAGS = st.lists(
    st.lists(st.sampled_from([f"{letter}{n}" for letter in LETTERS for n in "12"]), max_size=4), max_size=20
)


@given(TAGS, st.integers(1, 4))
def test_topics_are_large_enough_share_no_article_and_no_more_can_be_made(tags: list[list[str]], least: int) -> None:
    found = topics(tags, least)
    rows = [row for _, members in found for row in members]
    assert len(rows) == len(set(rows))
    assert all(len(members) >= least for _, members in found)
    left = [{tag[0] for tag in tags[row]} for row in set(range(len(tags))) - set(rows)]
    assert all(sum(letter in own for own in left) < least for letter in LETTERS)
