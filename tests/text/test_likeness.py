"""Likeness: sketches decide where they are sure, signatures elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

from navab.lake.hashing import Int64Array
from navab.lake.joins import Mask
from navab.text.bands import Forest, join_near, shared_bands
from navab.text.likeness import Likeness
from navab.text.minhash import sign, similarity, sketch
from tests.versions import versions

LEFT, RIGHT = np.arange(0, 6, 2), np.arange(1, 6, 2)


@pytest.fixture
def signatures() -> Int64Array:
    """Of three pairs of texts: apart, in doubt (a similarity of 0.71), together."""
    return sign([*versions(0.1, 1), *versions(0.83, 2), *versions(0.99, 3)], 5)


class Shelf:
    """Signatures, and which of them were asked for."""

    def __init__(self, signatures: Int64Array) -> None:
        self._signatures = signatures
        self.taken: list[list[int]] = []

    def __call__(self, texts: Int64Array) -> Int64Array:
        self.taken.append(texts.tolist())
        return self._signatures[texts]


def test_what_sketches_leave_in_doubt_waits_for_signatures(signatures: Int64Array) -> None:
    shelf = Shelf(signatures)
    likeness = Likeness(sketch(signatures), 0.7, shelf)
    assert likeness.near(LEFT, RIGHT)[[0, 2]].tolist() == [False, True]
    assert shelf.taken == []
    assert likeness.settle(lambda: likeness.near(LEFT, RIGHT)).tolist() == [False, True, True]
    assert likeness.settle(lambda: likeness.near(RIGHT, LEFT)).tolist() == [False, True, True]
    assert shelf.taken == [[2, 3]], "once, and no others"


def test_similarity_is_that_of_signatures_where_sketches_are_in_doubt(signatures: Int64Array) -> None:
    likeness = Likeness(sketch(signatures), 0.7, Shelf(signatures))
    exact = similarity(signatures, LEFT, RIGHT)
    found = likeness.settle(lambda: likeness.similarity(LEFT, RIGHT))
    assert found == pytest.approx(exact, abs=0.1)
    assert found[1] == exact[1]


def test_a_question_may_need_more_signatures_for_every_answer(signatures: Int64Array) -> None:
    shelf = Shelf(sign([versions(0.83, 2)[0]] * 3, 5))
    likeness = Likeness(sketch(sign([*versions(0.83, 2), versions(0.83, 2)[1]], 5)), 0.7, shelf)

    def first_then_second() -> list[bool]:
        first = bool(likeness.near(np.array([0]), np.array([1]))[0])
        return [first, first and bool(likeness.near(np.array([0]), np.array([2]))[0])]

    assert likeness.settle(first_then_second) == [True, True]
    assert sorted(text for taken in shelf.taken for text in taken) == [0, 1, 2], "each once"


def test_texts_that_are_all_alike_and_in_doubt_are_not_compared_pair_by_pair() -> None:
    head = versions(1.0, 5)[0][:2400]
    signatures = sign([head + versions(0.0, seed)[1][:350] for seed in range(120)], 5)
    sketches, rows = sketch(signatures), np.arange(120)
    bands = shared_bands(sketches, 0.7, np.zeros(120, dtype=np.bool_))
    likeness = Likeness(sketches, 0.7, Shelf(signatures))
    asked: list[int] = []

    def grouped() -> Int64Array:
        def near(left: Int64Array, right: Int64Array) -> Mask:
            asked.append(len(left))
            return likeness.near(left, right)

        forest = Forest(rows)
        join_near(bands, range(120), near, forest)
        return forest.roots(rows)

    assert set(likeness.settle(grouped).tolist()) == {0}
    assert sum(asked) < 120 * 20, "of 7,140 pairs, many of them in several bands"


def test_nothing_is_like_nothing() -> None:
    likeness = Likeness(sketch(sign([], 5)), 0.7, Shelf(sign([], 5)))
    assert likeness.settle(lambda: likeness.near(LEFT[:0], RIGHT[:0])).tolist() == []
