"""Cells: a coarse partition of unit vectors, so that near ones are looked for in a few cells only.

An inverted file (Sivic and Zisserman 2003) with cells of about constant size: the number of cells grows with the
number of vectors, so that the work for one vector does not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from navab.lake.hashing import Int64Array
from navab.models.embedder import Vectors

CELL_SIZE = 1_000
_TRAINING_POINTS = 64
_ITERATIONS = 10
_BLOCK = 16_384


@dataclass(frozen=True)
class Cells:
    """Centroids of shape (k, d), unit vectors."""

    centroids: Vectors

    def nearest(self, vectors: Vectors, count: int) -> npt.NDArray[np.int32]:
        """The nearest cells of every vector, nearest first, shape (n, count)."""
        count = min(count, len(self.centroids))
        found = np.empty((len(vectors), count), dtype=np.int32)
        for start in range(0, len(vectors), _BLOCK):
            scores = vectors[start : start + _BLOCK] @ self.centroids.T
            best = np.argpartition(-scores, count - 1, axis=1)[:, :count]
            order = np.argsort(-np.take_along_axis(scores, best, 1), axis=1, kind="stable")
            found[start : start + _BLOCK] = np.take_along_axis(best, order, 1)
        return found


def cell_count(rows: int) -> int:
    """How many cells as many vectors have."""
    return max(1, round(rows / CELL_SIZE))


def training_rows(rows: int) -> Int64Array:
    """Evenly drawn positions of the vectors to which the cells are fitted."""
    return np.linspace(0, rows - 1, min(rows, _TRAINING_POINTS * cell_count(rows))).astype(np.int64)


def fit_cells(sample: Vectors, seed: int, *, count: int) -> Cells:
    """Cluster a sample of unit vectors into `count` cells (spherical k-means)."""
    import faiss  # noqa: PLC0415  (a heavy import, only where vectors are searched)

    clustering = faiss.Kmeans(
        sample.shape[1],
        count,
        niter=_ITERATIONS,
        seed=seed,
        spherical=True,
        max_points_per_centroid=2 * _TRAINING_POINTS,
        min_points_per_centroid=1,
    )
    clustering.train(np.ascontiguousarray(sample, dtype=np.float32))
    return Cells(np.ascontiguousarray(clustering.centroids))


def fit_all(vectors: Vectors, seed: int) -> Cells:
    """The cells of vectors that are all at hand."""
    return fit_cells(vectors[training_rows(len(vectors))], seed, count=cell_count(len(vectors)))
