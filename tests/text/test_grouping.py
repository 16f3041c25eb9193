"""Grouping: which article is canonical for which, told from numbers alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from navab.lake.hashing import Int64Array
from navab.lake.joins import Mask
from navab.text.bands import SharedBand
from navab.text.grouping import KNOWN, Articles, find_canonicals

NEW = -1


def canonicals(
    crawls: Sequence[int],
    near: set[tuple[int, int]],
    *,
    known: Sequence[int] = (),
    ranks: Sequence[int] | None = None,
    led: Sequence[int] = (),
) -> list[int]:
    """Canonicals of articles, each with a text of its own, of which some pairs are near.

    `known` are the canonicals of the first articles; the rest comes with the `crawls`.
    """
    size = len(known) + len(crawls)
    rows = np.arange(size)
    articles = Articles(
        rows,
        np.array([*[KNOWN] * len(known), *crawls], dtype=np.int64),
        rows if ranks is None else np.array(ranks),
        np.array([*known, *[NEW] * len(crawls)], dtype=np.int64),
        np.isin(rows, led),
    )

    def are_near(left: Int64Array, right: Int64Array) -> Mask:
        return np.array([pair in near for pair in zip(left.tolist(), right.tolist(), strict=True)], dtype=np.bool_)

    band = SharedBand(rows.astype(np.int32), np.array([0]))
    return [int(row) for row in find_canonicals(articles, [band], are_near)]


def test_the_first_of_a_crawl_by_rank_is_canonical() -> None:
    assert canonicals([0, 0, 0], {(0, 1), (1, 2)}, ranks=[2, 0, 1]) == [1, 1, 1]


def test_a_later_crawl_joins_an_earlier_one() -> None:
    assert canonicals([0, 1, 1], {(0, 1), (0, 2)}, ranks=[2, 0, 1]) == [0, 0, 0]


def test_what_connects_two_groups_joins_the_first_and_leaves_them_two() -> None:
    assert canonicals([0, 1], {(0, 2), (1, 2), (1, 3)}, known=[0, 1]) == [0, 1, 0, 1]


def test_what_is_near_a_known_duplicate_joins_its_canonical() -> None:
    assert canonicals([0], {(1, 2)}, known=[0, 0]) == [0, 0, 0]


def test_a_new_group_goes_to_the_article_that_led_before() -> None:
    near = {(0, 1), (1, 2), (0, 2)}
    assert canonicals([0, 1, 1], near, led=[1, 2]) == [1, 1, 1]
    assert canonicals([0, 1], near, known=[0], led=[2]) == [0, 0, 0], "known canonicals stay"


def test_nothing_is_nothing() -> None:
    assert canonicals([], set()) == []


def all_near(left: Int64Array, right: Int64Array) -> Mask:
    return np.ones(len(left), dtype=np.bool_)


def test_known_groups_are_told_by_their_canonicals_and_not_by_texts_in_common() -> None:
    """Row 2 has the text of row 0 and repeats row 1; a new text is near that of row 1. Rows 0 and 2 have no say."""
    articles = Articles(
        np.array([0, 1, 0, 2]),
        np.array([KNOWN] * 3 + [0]),
        np.arange(4),
        np.array([0, 1, 1, NEW]),
        np.zeros(4, np.bool_),
    )
    band = SharedBand(np.array([1, 2], dtype=np.int32), np.array([0]))
    assert find_canonicals(articles, [band], all_near).tolist() == [0, 1, 1, 1]


def test_a_text_that_repeats_several_canonicals_is_with_the_first() -> None:
    for ranks, expected in (([0, 1, 2, 3], 0), ([1, 0, 2, 3], 1)):
        articles = Articles(
            np.array([0, 1, 0, 2]),
            np.array([KNOWN] * 3 + [0]),
            np.array(ranks),
            np.array([0, 1, 1, NEW]),
            np.zeros(4, np.bool_),
        )
        band = SharedBand(np.array([0, 2], dtype=np.int32), np.array([0]))
        assert find_canonicals(articles, [band], all_near).tolist() == [0, 1, 1, expected]
