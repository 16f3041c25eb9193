"""List columns and matrices: there and back."""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis.extra import numpy as hnp

from navab.lake.arrays import to_lists, to_matrix


@given(hnp.arrays(np.int64, hnp.array_shapes(min_dims=2, max_dims=2, max_side=8)))
def test_there_and_back(matrix: np.ndarray[tuple[int, int], np.dtype[np.int64]]) -> None:
    assert np.array_equal(to_matrix(to_lists("vector", matrix)), matrix)


def test_an_empty_column_is_an_empty_matrix() -> None:
    assert to_matrix(pl.Series("vector", [], dtype=pl.List(pl.Float32))).shape == (0, 0)
