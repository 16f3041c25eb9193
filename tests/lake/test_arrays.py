"""List and binary columns and matrices: there and back."""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis.extra import numpy as hnp

from navab.lake.arrays import from_bytes, to_bytes, to_lists, to_matrix


@given(hnp.arrays(np.int64, hnp.array_shapes(min_dims=2, max_dims=2, max_side=8)))
def test_there_and_back(matrix: np.ndarray[tuple[int, int], np.dtype[np.int64]]) -> None:
    assert np.array_equal(to_matrix(to_lists("vector", matrix)), matrix)


def test_an_empty_column_is_an_empty_matrix() -> None:
    assert to_matrix(pl.Series("vector", [], dtype=pl.List(pl.Float32))).shape == (0, 0)


@given(hnp.arrays(np.int64, hnp.array_shapes(min_dims=2, max_dims=2, max_side=8)))
def test_bytes_there_and_back(matrix: np.ndarray[tuple[int, int], np.dtype[np.int64]]) -> None:
    column = to_bytes("sketch", matrix)
    assert column.dtype == pl.Binary
    assert np.array_equal(from_bytes(column).view(np.int64), matrix)
    assert np.array_equal(from_bytes(column[1:]).view(np.int64).reshape(-1, matrix.shape[1]), matrix[1:]), "a part"


def test_an_empty_binary_column_is_an_empty_matrix() -> None:
    assert from_bytes(pl.Series("sketch", [], dtype=pl.Binary)).shape == (0, 0)
