"""Candidate pairs: all pairs of statements that are near enough to be judged.

Up to `EXACT_LIMIT` statements every pair is compared. Above, a statement is compared with those of its nearest cells;
the comparisons of a cell are one matrix product, and their number grows in proportion to the number of statements.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from navab.conflict.cells import Cells, fit_cells
from navab.lake.hashing import Int64Array
from navab.models.embedder import Vectors

EXACT_LIMIT = 20_000
PROBES = 16
_SLACK = 1e-4  # matrix products differ in their last bits from the cosine of a single pair
_BLOCK_SCORES = 16_000_000
_BLOCK_PAIRS = 10_000


def find_candidates(
    vectors: Vectors, new: npt.NDArray[np.bool_], *, neighbors: int, min_similarity: float, seed: int
) -> tuple[Int64Array, npt.NDArray[np.float32]]:
    """Pairs of rows at `min_similarity` or above of which at least one is new.

    `vectors` are unit vectors of shape (n, d). Returns pairs (m, 2) with left < right, sorted, each once, and their
    cosines. A new row in a crowd gives its `neighbors` nearest ones only. Above `EXACT_LIMIT` rows a few pairs may be
    missed: benchmarks/conflict_candidates.py measures how few.
    """
    queries = np.flatnonzero(new)
    if len(vectors) < 2 or not len(queries):
        return np.empty((0, 2), dtype=np.int64), np.empty(0, dtype=np.float32)
    if len(vectors) <= EXACT_LIMIT:
        comparisons = iter([(queries, np.arange(len(vectors)))])
    else:
        comparisons = compare_cells(vectors, queries, fit_cells(vectors, seed))
    codes = [_near(vectors, left, right, min_similarity - _SLACK, neighbors) for left, right in comparisons]
    code = np.unique(np.concatenate(codes))
    pairs = np.stack([code // len(vectors), code % len(vectors)], axis=1)
    # Each pair's cosine is counted by itself, so that it does not depend on the other vectors.
    cosines = np.concatenate([_cosines(vectors, block) for block in _blocks(pairs)])
    kept = (cosines >= np.float32(min_similarity)) & _nearest(pairs, cosines, new, neighbors)
    return pairs[kept], cosines[kept]


def compare_cells(vectors: Vectors, queries: Int64Array, cells: Cells) -> Iterator[tuple[Int64Array, Int64Array]]:
    """For every cell, the queries that look into it and the rows that lie in it."""
    probes = cells.nearest(vectors[queries], PROBES)
    home = cells.nearest(vectors, 1)[:, 0]
    members, looking = _group(home, len(cells.centroids)), _group(probes.ravel(), len(cells.centroids))
    for own, into in zip(members, looking, strict=True):
        if len(own) and len(into):
            yield queries[into // probes.shape[1]], own


def _group(keys: npt.NDArray[np.int32], count: int) -> list[Int64Array]:
    """Positions of every key from 0 to `count` - 1."""
    order = np.argsort(keys, kind="stable").astype(np.int64)
    return np.split(order, np.cumsum(np.bincount(keys, minlength=count))[:-1])


def _near(vectors: Vectors, left: Int64Array, right: Int64Array, threshold: float, neighbors: int) -> Int64Array:
    """Codes (smaller row * n + larger row) of the pairs of left and right at a threshold."""
    found = [np.empty(0, dtype=np.int64)]
    others = vectors[right]
    step = max(1, _BLOCK_SCORES // len(right))
    for start in range(0, len(left), step):
        rows = left[start : start + step]
        scores = vectors[rows] @ others.T
        near = scores >= threshold
        for row in np.flatnonzero(near.sum(axis=1) > neighbors + 1):  # one may be the row itself
            near[row, np.argpartition(-scores[row], neighbors)[neighbors + 1 :]] = False
        a, b = np.nonzero(near)
        one, two = rows[a], right[b]
        different = one != two
        one, two = one[different], two[different]
        found.append(np.minimum(one, two) * len(vectors) + np.maximum(one, two))
    return np.unique(np.concatenate(found))


def _nearest(
    pairs: Int64Array, cosines: npt.NDArray[np.float32], new: npt.NDArray[np.bool_], neighbors: int
) -> npt.NDArray[np.bool_]:
    """Which pairs are among the nearest of a new row that has part in them; ties fall to the smaller rows."""
    if not len(pairs) or np.bincount(pairs.ravel()).max() <= neighbors:
        return np.ones(len(pairs), dtype=np.bool_)
    own, other = np.concatenate([pairs, pairs[:, ::-1]]).T
    order = np.lexsort((other, -np.tile(cosines, 2), own))
    rank = np.arange(len(order)) - np.searchsorted(own[order], own[order])
    kept = np.zeros(len(pairs), dtype=np.bool_)
    kept[order[(rank < neighbors) & new[own[order]]] % len(pairs)] = True
    return kept


def _blocks(pairs: Int64Array) -> list[Int64Array]:
    return np.array_split(pairs, 1 + len(pairs) // _BLOCK_PAIRS)


def _cosines(vectors: Vectors, pairs: Int64Array) -> npt.NDArray[np.float32]:
    cosines: npt.NDArray[np.float32] = np.einsum("ij,ij->i", vectors[pairs[:, 0]], vectors[pairs[:, 1]])
    return cosines
