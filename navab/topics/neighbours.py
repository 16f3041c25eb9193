"""Exact nearest neighbours of unit vectors, the same bits on any number of CPUs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from navab.lake.hashing import Int64Array
from navab.models.embedder import Vectors

_BLOCK = 256


def nearest(vectors: Vectors, count: int) -> tuple[Int64Array, npt.NDArray[np.float32]]:
    """The `count` nearest others of every vector by cosine, in no order: positions and cosines, shape (n, count)."""
    positions = np.empty((len(vectors), count), dtype=np.int64)
    cosines = np.empty((len(vectors), count), dtype=np.float32)
    with threadpool_limits(limits=1, user_api="blas"):  # several threads would sum in another order
        for start in range(0, len(vectors), _BLOCK):
            block = vectors[start : start + _BLOCK] @ vectors.T
            rows = np.arange(len(block))
            block[rows, start + rows] = -np.inf
            best = np.argpartition(block, -count, axis=1)[:, -count:]
            positions[start : start + _BLOCK] = best
            cosines[start : start + _BLOCK] = np.take_along_axis(block, best, axis=1)
    return positions, cosines
