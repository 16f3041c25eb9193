"""Candidate pairs: all pairs of statements that are near enough to be judged.

Up to `EXACT_LIMIT` statements every pair is compared. Above, a statement is compared with those of its nearest cells;
the comparisons of a cell are one matrix product, and their number grows in proportion to the number of statements.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from navab.conflict.cells import Cells
from navab.lake.hashing import Int64Array
from navab.models.embedder import Vectors

Mask = npt.NDArray[np.bool_]
EXACT_LIMIT = 20_000
PROBES = 16
_SLACK = 1e-4  # matrix products differ in their last bits from the cosine of a single pair
_BLOCK_SCORES = 16_000_000
_BLOCK_PAIRS = 10_000


def find_candidates(
    vectors: Vectors,
    new: Mask,
    *,
    neighbors: int,
    min_similarity: float,
    cells: Cells | None = None,
    searching: Mask | None = None,
) -> tuple[Int64Array, npt.NDArray[np.float32]]:
    """Pairs of rows at `min_similarity` or above of which at least one is new.

    `vectors` are unit vectors of shape (n, d). Returns pairs (m, 2) with left < right, sorted, each once, and their
    cosines. A new row looks for old rows and for new ones behind it, and in a crowd keeps the `neighbors` nearest of
    them; so the new rows may be searched in any parts (`searching`), which together find what one search finds.
    With `cells` a few pairs may be missed: benchmarks/conflict_candidates.py measures how few.
    """
    queries = np.flatnonzero(new if searching is None else searching)
    if len(vectors) < 2 or not len(queries):
        return np.empty((0, 2), dtype=np.int64), np.empty(0, dtype=np.float32)
    if cells is None:
        comparisons = iter([(queries, np.arange(len(vectors)))])
    else:
        comparisons = compare_cells(vectors, queries, cells)
    codes = [_near(vectors, new, left, right, min_similarity - _SLACK, neighbors) for left, right in comparisons]
    code = np.concatenate([*codes, np.empty(0, dtype=np.int64)])
    code.sort()
    owner, other = np.divmod(code, len(vectors))
    # Each pair's cosine is counted by itself, so that it does not depend on the other vectors.
    cosines = np.concatenate([_cosines(vectors, owner[part], other[part]) for part in _blocks(len(code))])
    kept = (cosines >= np.float32(min_similarity)) & _nearest(owner, other, cosines, neighbors)
    pairs = np.sort(np.stack([owner[kept], other[kept]], axis=1), axis=1)
    order = np.lexsort((pairs[:, 1], pairs[:, 0]))
    return pairs[order], cosines[kept][order]


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


def _near(
    vectors: Vectors, new: Mask, left: Int64Array, right: Int64Array, threshold: float, neighbors: int
) -> Int64Array:
    """Codes (searching row * n + other row) of the pairs of left and right at a threshold."""
    found = []
    others, first = vectors[right], np.where(new[right], right, len(vectors))
    step = max(1, _BLOCK_SCORES // len(right))
    for start in range(0, len(left), step):
        rows = left[start : start + step]
        scores = vectors[rows] @ others.T
        a, b = np.nonzero(scores >= threshold)
        owned = first[b] > rows[a]  # a new row that comes before the searching one looks for that itself
        a, b = a[owned], b[owned]
        kept = _near_the_nearest(a, scores[a, b], neighbors)
        found.append(rows[a[kept]] * len(vectors) + right[b[kept]])
    return np.concatenate(found)


def _near_the_nearest(owner: Int64Array, scores: npt.NDArray[np.float32], neighbors: int) -> Mask:
    """Which pairs may be among the nearest of their owner; `owner` is sorted, scores are exact to `_SLACK`."""
    counts = np.bincount(owner) if len(owner) else np.zeros(1, dtype=np.int64)
    if counts.max() <= neighbors:
        return np.ones(len(owner), dtype=np.bool_)
    ranked = scores[np.lexsort((-scores, owner))]
    starts = np.cumsum(counts) - counts
    last = ranked[np.minimum(starts + np.minimum(counts, neighbors) - 1, len(ranked) - 1)]
    return scores >= np.where(counts > neighbors, last - 2 * _SLACK, -np.inf)[owner]


def _nearest(owner: Int64Array, other: Int64Array, cosines: npt.NDArray[np.float32], neighbors: int) -> Mask:
    """Which pairs are among the nearest of the row that searched them; ties fall to the smaller rows."""
    if not len(owner) or np.bincount(owner).max() <= neighbors:
        return np.ones(len(owner), dtype=np.bool_)
    order = np.lexsort((other, -cosines, owner))
    rank = np.arange(len(order)) - np.searchsorted(owner[order], owner[order])
    kept = np.zeros(len(owner), dtype=np.bool_)
    kept[order[rank < neighbors]] = True
    return kept


def _blocks(count: int) -> Iterator[slice]:
    return (slice(start, start + _BLOCK_PAIRS) for start in range(0, max(1, count), _BLOCK_PAIRS))


def _cosines(vectors: Vectors, left: Int64Array, right: Int64Array) -> npt.NDArray[np.float32]:
    cosines: npt.NDArray[np.float32] = np.einsum("ij,ij->i", vectors[left], vectors[right])
    return cosines
