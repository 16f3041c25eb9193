"""Candidate pairs: for each new statement its nearest statements by cosine, with FAISS."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from navab.lake.hashing import Int64Array
from navab.models.embedder import Vectors

_FLAT_LIMIT = 20_000
_PROBES = 16
_TRAINING_POINTS = 64
_SLACK = 0.01  # the inverted file's scores are of half precision
_BLOCK_PAIRS = 10_000


def find_candidates(
    vectors: Vectors, new: npt.NDArray[np.bool_], *, neighbors: int, min_similarity: float, seed: int
) -> tuple[Int64Array, npt.NDArray[np.float32]]:
    """Pairs of rows at `min_similarity` or above of which at least one is new.

    `vectors` are unit vectors of shape (n, d). Up to 20,000 of them the search is exact; above, an inverted file
    with 4 sqrt(n) lists is searched. Returns pairs (m, 2) with left < right, sorted, each once, and their cosines.
    """
    import faiss  # noqa: PLC0415  (a heavy import, only where vectors are searched)

    queries = np.flatnonzero(new)
    if len(vectors) < 2 or not len(queries):
        return np.empty((0, 2), dtype=np.int64), np.empty(0, dtype=np.float32)
    index = _build(faiss, vectors, seed)
    scores, found = index.search(vectors[queries], min(neighbors + 1, len(vectors)))
    left = np.repeat(queries, found.shape[1])
    right = found.ravel()
    kept = (right >= 0) & (right != left) & (scores.ravel() >= min_similarity - _SLACK)
    pairs = np.unique(np.sort(np.stack([left[kept], right[kept]], axis=1), axis=1).astype(np.int64), axis=0)
    # The last bits of FAISS's scores depend on the other queries: count each pair's cosine by itself.
    cosines = np.concatenate([_cosines(vectors, block) for block in _blocks(pairs)])
    near = cosines >= np.float32(min_similarity)
    return pairs[near], cosines[near]


def _blocks(pairs: Int64Array) -> list[Int64Array]:
    return np.array_split(pairs, 1 + len(pairs) // _BLOCK_PAIRS)


def _cosines(vectors: Vectors, pairs: Int64Array) -> npt.NDArray[np.float32]:
    cosines: npt.NDArray[np.float32] = np.einsum("ij,ij->i", vectors[pairs[:, 0]], vectors[pairs[:, 1]])
    return cosines


def _build(faiss, vectors: Vectors, seed: int):  # type: ignore[no-untyped-def]
    dimensions = vectors.shape[1]
    if len(vectors) <= _FLAT_LIMIT:
        index = faiss.IndexFlatIP(dimensions)
        index.add(vectors)
        return index
    lists = int(4 * np.sqrt(len(vectors)))
    index = faiss.index_factory(dimensions, f"IVF{lists},SQfp16", faiss.METRIC_INNER_PRODUCT)
    index.cp.seed = seed
    index.cp.max_points_per_centroid = _TRAINING_POINTS
    index.train(vectors)
    index.add(vectors)
    index.nprobe = _PROBES
    return index
