"""Candidate pairs: what is found is what comparing all with all finds."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from navab.conflict import cells
from navab.conflict.candidates import Block, find_candidates, search
from navab.conflict.cells import fit_all

Vectors = npt.NDArray[np.float32]


def vectors(count: int, seed: int = 0, dimensions: int = 16) -> Vectors:
    """Unit vectors in one half of space, so that many are similar."""
    drawn = np.random.default_rng(seed).normal(size=(count, dimensions)) + 0.7
    points: Vectors = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)
    return points


def everything(points: Vectors, new: npt.NDArray[np.bool_], limit: float) -> set[tuple[int, int]]:
    pairs = itertools.combinations(range(len(points)), 2)
    return {(a, b) for a, b in pairs if (new[a] or new[b]) and float(points[a] @ points[b]) >= limit}


@given(st.integers(0, 25), st.integers(0, 999), st.sampled_from([0.0, 0.3, 0.5, 0.9]), st.randoms())
def test_all_pairs_are_found(count: int, seed: int, limit: float, chance: object) -> None:
    points = vectors(count, seed)
    new = np.random.default_rng(seed).random(count) < 0.5
    pairs, cosines = find_candidates(points, new, neighbors=max(count, 1), min_similarity=limit)
    # A pair within rounding of the limit may fall on either side.
    assert (
        everything(points, new, limit + 1e-5)
        <= set(map(tuple, pairs.tolist()))
        <= everything(points, new, limit - 1e-5)
    )
    assert (pairs[:, 0] < pairs[:, 1]).all()
    assert np.array_equal(pairs, np.unique(pairs, axis=0))
    assert cosines == pytest.approx([float(points[a] @ points[b]) for a, b in pairs], abs=1e-5)


def test_of_a_crowd_only_the_nearest_are_taken() -> None:
    points = vectors(50)
    new = np.zeros(50, dtype=bool)
    new[7] = True
    pairs, cosines = find_candidates(points, new, neighbors=5, min_similarity=-1.0)
    nearest = np.argsort(-(points @ points[7]))[1:6]
    assert {int(a + b - 7) for a, b in pairs} == set(nearest.tolist())
    assert len(cosines) == 5


@given(st.integers(2, 40), st.integers(0, 99), st.integers(1, 6), st.booleans())
def test_parts_of_the_new_rows_find_together_what_one_search_finds(
    count: int, seed: int, neighbors: int, through_cells: bool
) -> None:
    points = vectors(count, seed)
    chance = np.random.default_rng(seed)
    new = chance.random(count) < 0.7
    part = chance.integers(0, 3, count)
    fitted = fit_all(points, seed=0) if through_cells else None
    whole, _ = find_candidates(points, new, neighbors=neighbors, min_similarity=0.3, cells=fitted)
    parts = [
        find_candidates(
            points, new, neighbors=neighbors, min_similarity=0.3, cells=fitted, searching=new & (part == number)
        )[0]
        for number in range(3)
    ]
    together = sorted(map(tuple, np.concatenate(parts).tolist()))
    assert together == list(map(tuple, whole.tolist()))


@given(st.integers(2, 40), st.integers(0, 99), st.integers(1, 6), st.booleans(), st.integers(1, 5))
def test_among_blocks_the_same_is_found_as_among_all_at_once(
    count: int, seed: int, neighbors: int, through_cells: bool, blocks: int
) -> None:
    points = vectors(count, seed)
    chance = np.random.default_rng(seed)
    new = chance.random(count) < 0.7
    fitted = fit_all(points, seed=0) if through_cells else None
    whole, cosines = find_candidates(points, new, neighbors=neighbors, min_similarity=0.3, cells=fitted)
    rows, part = np.flatnonzero(new), chance.integers(0, blocks, count)
    among = (Block(np.flatnonzero(part == number), points[part == number]) for number in range(blocks))
    options = {"neighbors": neighbors, "min_similarity": 0.3, "cells": fitted}
    pairs, same = search(Block(rows, points[rows]), among, new, **options)
    assert pairs.tolist() == whole.tolist()
    assert same.tolist() == cosines.tolist()


def test_nothing_new_nothing_found() -> None:
    pairs, cosines = find_candidates(vectors(9), np.zeros(9, dtype=bool), neighbors=5, min_similarity=0.0)
    assert (pairs.shape, cosines.shape) == ((0, 2), (0,))


def test_nothing_similar_nothing_found() -> None:
    points = np.eye(4, dtype=np.float32)
    pairs, cosines = find_candidates(points, np.ones(4, dtype=bool), neighbors=5, min_similarity=0.5)
    assert (pairs.shape, cosines.shape) == ((0, 2), (0,))


def test_equal_statements_are_pairs_of_each_other_not_of_themselves() -> None:
    points = np.repeat(vectors(1), 3, axis=0)
    pairs, _ = find_candidates(points, np.ones(3, dtype=bool), neighbors=2, min_similarity=0.9)
    assert pairs.tolist() == [[0, 1], [0, 2], [1, 2]]


def test_a_cosine_does_not_depend_on_the_other_queries() -> None:
    points = vectors(1500, dimensions=512)
    everyone = np.zeros(1500, dtype=bool)
    everyone[:300] = True
    together = find_candidates(points, everyone, neighbors=10, min_similarity=0.0)
    known = {tuple(pair): cosine for pair, cosine in zip(together[0].tolist(), together[1].tolist(), strict=True)}
    for row in (0, 150, 299):
        alone = np.zeros(1500, dtype=bool)
        alone[row] = True
        pairs, cosines = find_candidates(points, alone, neighbors=10, min_similarity=0.0)
        assert cosines.tolist() == [known[tuple(pair)] for pair in pairs.tolist()]


def test_cells_find_nearly_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Statements about 1,000 things, three of each: neighbours, but not equal."""
    noise = 0.5 * np.random.default_rng(1).normal(size=(3000, 64)) / 8
    points = np.repeat(vectors(1000, dimensions=64), 3, axis=0) + noise
    points = (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)
    new = np.ones(3000, dtype=bool)
    exact, _ = find_candidates(points, new, neighbors=3000, min_similarity=0.75)
    monkeypatch.setattr(cells, "CELL_SIZE", 50)
    fitted = fit_all(points, seed=0)
    found, cosines = find_candidates(points, new, neighbors=3000, min_similarity=0.75, cells=fitted)
    assert len(exact) > 2000
    assert set(map(tuple, found.tolist())) <= set(map(tuple, exact.tolist()))
    assert len(found) >= 0.95 * len(exact)
    assert cosines.min() >= np.float32(0.75)


def test_new_statements_find_the_same_old_ones_among_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, "CELL_SIZE", 100)
    points = np.repeat(vectors(1000, dimensions=64), 2, axis=0)
    new = np.zeros(2000, dtype=bool)
    new[::20] = True
    fitted = fit_all(points, seed=0)
    pairs, _ = find_candidates(points, new, neighbors=50, min_similarity=0.99, cells=fitted)
    assert pairs.tolist() == [[row, row + 1] for row in range(0, 2000, 20)]
