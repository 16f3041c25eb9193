"""Cosines on which decisions rest: the same whatever is multiplied beside them, on any number of threads."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from navab.models.embedder import Vectors

_DIGITS = 5


def cosines_of(left: Vectors, right: Vectors) -> npt.NDArray[np.float32]:
    """Cosines of unit vectors of shapes (n, d) and (m, d), rounded to 5 digits, shape (n, m).

    The last bits of a product depend on its shape and on the number of threads. In float32 they would move one cosine
    in a hundred to its neighbour by rounding; in float64 they are far below what is rounded.
    """
    return rounded(left.astype(np.float64) @ right.astype(np.float64).T)


def rounded(products: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """What is left of products when their last bits are to decide nothing."""
    return products.round(_DIGITS).astype(np.float32)
