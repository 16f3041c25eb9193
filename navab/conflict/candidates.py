"""Candidate pairs: all pairs of statements that are near enough to be judged.

Up to `EXACT_LIMIT` statements every pair is compared. Above, a statement is compared with those of its nearest cells;
the comparisons of a cell are one matrix product, and their number grows in proportion to the number of statements.
Those to search among come block by block and need not be in memory together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from navab.conflict.cells import Cells
from navab.lake.hashing import Int64Array, signature
from navab.models.embedder import Vectors
from navab.options.conflicts import ConflictsSection

Mask = npt.NDArray[np.bool_]
Cosines = npt.NDArray[np.float32]
SEARCH_VERSION = 4
EXACT_LIMIT = 20_000
PROBES = 16
_SLACK = 1e-4  # matrix products differ in their last bits from the cosine of a single pair
_BLOCK_SCORES = 16_000_000
_BLOCK_PAIRS = 10_000


@dataclass(frozen=True, slots=True)
class Block:
    """Some of the statements: their rows among all, ascending, and their unit vectors of shape (n, d)."""

    rows: Int64Array
    vectors: Vectors


def search_identity(options: ConflictsSection) -> int:
    """What decides which pairs of a nation's statements are candidates."""
    return signature("searches", SEARCH_VERSION, neighbors=options.neighbors, min_similarity=options.min_similarity)


def find_candidates(
    vectors: Vectors,
    new: Mask,
    *,
    neighbors: int,
    min_similarity: float,
    cells: Cells | None = None,
    searching: Mask | None = None,
) -> tuple[Int64Array, Cosines]:
    """Pairs of rows at `min_similarity` or above of which at least one is new, where all vectors are at hand.

    `searching` are the new rows that search, all of them by default; else see `search`.
    """
    rows = np.flatnonzero(new if searching is None else searching)
    queries = Block(rows, vectors if len(rows) == len(vectors) else vectors[rows])
    among = [Block(np.arange(len(vectors)), vectors)]
    return search(queries, among, new, neighbors=neighbors, min_similarity=min_similarity, cells=cells)


def search(
    queries: Block,
    among: Iterable[Block],
    new: Mask,
    *,
    neighbors: int,
    min_similarity: float,
    cells: Cells | None = None,
) -> tuple[Int64Array, Cosines]:
    """Pairs of `queries`, which are new, with statements of `among` at `min_similarity` or above.

    Returns pairs of rows (m, 2) with left < right, sorted, each once, and their cosines. A new row looks for old rows
    and for new ones behind it, and in a crowd keeps the `neighbors` nearest of them; so the new rows may be searched
    in any parts, which together find what one search finds. With `cells` a few pairs may be missed:
    benchmarks/conflict_candidates.py measures how few.
    """
    compare = _Everything(queries) if cells is None else _NearCells(queries, cells)
    best = (np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32))
    for block in among if len(queries.rows) else ():
        found = [best]
        for left, right in compare(block):
            owner, other = _near(queries, block, new, left, right, min_similarity - _SLACK, neighbors)
            # Each pair's cosine is counted by itself, so that it does not depend on the other vectors.
            cosines = _cosines(queries.vectors, owner, block.vectors, other)
            kept = cosines >= np.float32(min_similarity)
            found.append((queries.rows[owner[kept]], block.rows[other[kept]], cosines[kept]))
        owner, other, cosines = (np.concatenate(column) for column in zip(*found, strict=True))
        best = _nearest(owner, other, cosines, neighbors)
    owner, other, cosines = best
    pairs = np.sort(np.stack([owner, other], axis=1), axis=1)
    order = np.lexsort((pairs[:, 1], pairs[:, 0]))
    return pairs[order], cosines[order]


@dataclass(frozen=True, slots=True)
class _Everything:
    """Compares every query with every row of a block."""

    queries: Block

    def __call__(self, block: Block) -> Iterator[tuple[Int64Array, Int64Array]]:
        if len(block.rows):
            yield np.arange(len(self.queries.rows)), np.arange(len(block.rows))


class _NearCells:
    """For every cell, compares the queries that look into it with the rows of a block that lie in it."""

    def __init__(self, queries: Block, cells: Cells) -> None:
        self._cells = cells
        probes = cells.nearest(queries.vectors, PROBES)
        looking = _group(probes.ravel(), len(cells.centroids))
        self._looking = [into // probes.shape[1] for into in looking]

    def __call__(self, block: Block) -> Iterator[tuple[Int64Array, Int64Array]]:
        home = self._cells.nearest(block.vectors, 1)[:, 0]
        for own, looking in zip(_group(home, len(self._looking)), self._looking, strict=True):
            if len(own) and len(looking):
                yield looking, own


def _group(keys: npt.NDArray[np.int32], count: int) -> list[Int64Array]:
    """Positions of every key from 0 to `count` - 1."""
    order = np.argsort(keys, kind="stable").astype(np.int64)
    return np.split(order, np.cumsum(np.bincount(keys, minlength=count))[:-1])


def _near(
    queries: Block, block: Block, new: Mask, left: Int64Array, right: Int64Array, threshold: float, neighbors: int
) -> tuple[Int64Array, Int64Array]:
    """Pairs at a threshold of queries and rows of a block, given and returned by their positions in these."""
    owners, others = [], []
    vectors, rows = block.vectors[right], block.rows[right]
    first = np.where(new[rows], rows, len(new))
    step = max(1, _BLOCK_SCORES // len(right))
    for start in range(0, len(left), step):
        part = left[start : start + step]
        scores = queries.vectors[part] @ vectors.T
        a, b = np.nonzero(scores >= threshold)
        owned = first[b] > queries.rows[part][a]  # a new row that comes before the searching one looks for that itself
        a, b = a[owned], b[owned]
        kept = _near_the_nearest(a, scores[a, b], neighbors)
        owners.append(part[a[kept]])
        others.append(right[b[kept]])
    return np.concatenate(owners), np.concatenate(others)


def _near_the_nearest(owner: Int64Array, scores: Cosines, neighbors: int) -> Mask:
    """Which pairs may be among the nearest of their owner; `owner` is sorted, scores are exact to `_SLACK`."""
    counts = np.bincount(owner) if len(owner) else np.zeros(1, dtype=np.int64)
    if counts.max() <= neighbors:
        return np.ones(len(owner), dtype=np.bool_)
    ranked = scores[np.lexsort((-scores, owner))]
    starts = np.cumsum(counts) - counts
    last = ranked[np.minimum(starts + np.minimum(counts, neighbors) - 1, len(ranked) - 1)]
    return scores >= np.where(counts > neighbors, last - 2 * _SLACK, -np.inf)[owner]


def _nearest(
    owner: Int64Array, other: Int64Array, cosines: Cosines, neighbors: int
) -> tuple[Int64Array, Int64Array, Cosines]:
    """The pairs that are among the nearest of the row that searched them; ties fall to the smaller rows."""
    if not len(owner) or np.bincount(owner).max() <= neighbors:
        return owner, other, cosines
    order = np.lexsort((other, -cosines, owner))
    rank = np.arange(len(order)) - np.searchsorted(owner[order], owner[order])
    kept = np.sort(order[rank < neighbors])
    return owner[kept], other[kept], cosines[kept]


def _cosines(left: Vectors, own: Int64Array, right: Vectors, other: Int64Array) -> Cosines:
    """The cosine of every pair, by positions in left and right."""
    cosines = np.empty(len(own), dtype=np.float32)
    for start in range(0, len(own), _BLOCK_PAIRS):
        part = slice(start, start + _BLOCK_PAIRS)
        np.einsum("ij,ij->i", left[own[part]], right[other[part]], out=cosines[part])
    return cosines
