"""Candidate pairs: for each new statement its nearest statements by cosine, with FAISS."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from navab.lake.hashing import Int64Array
from navab.models.embedder import Vectors

_FLAT_LIMIT = 20_000
_PROBES = 16
_TRAINING_POINTS = 64


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
    right, score = found.ravel(), scores.ravel()
    kept = (right >= 0) & (right != left) & (score >= min_similarity)
    pairs = np.sort(np.stack([left[kept], right[kept]], axis=1), axis=1).astype(np.int64)
    unique, first = np.unique(pairs, axis=0, return_index=True)
    return unique, score[kept][first].astype(np.float32)


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
