"""Cells: a coarse partition of unit vectors, so that near ones are looked for in a few cells only.

An inverted file (Sivic and Zisserman 2003) with cells of about constant size: the number of cells grows with the
number of vectors, so that the work for one vector does not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

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


def fit_cells(vectors: Vectors, seed: int) -> Cells:
    """Cluster a sample of unit vectors into one cell for every `CELL_SIZE` of them (spherical k-means)."""
    import faiss  # noqa: PLC0415  (a heavy import, only where vectors are searched)

    count = max(1, round(len(vectors) / CELL_SIZE))
    sample = np.linspace(0, len(vectors) - 1, min(len(vectors), _TRAINING_POINTS * count)).astype(np.int64)
    clustering = faiss.Kmeans(
        vectors.shape[1],
        count,
        niter=_ITERATIONS,
        seed=seed,
        spherical=True,
        max_points_per_centroid=2 * _TRAINING_POINTS,
        min_points_per_centroid=1,
    )
    clustering.train(np.ascontiguousarray(vectors[sample], dtype=np.float32))
    return Cells(np.ascontiguousarray(clustering.centroids))
