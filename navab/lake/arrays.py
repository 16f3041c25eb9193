"""List and binary columns as numpy matrices and back, without a Python object per value."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl


def to_matrix(column: pl.Series) -> npt.NDArray[Any]:
    """A list column of n rows of equal length d as an array of shape (n, d)."""
    if column.is_empty():
        return np.empty((0, 0), dtype=np.float32)
    values = column.explode(empty_as_null=False).to_numpy()
    return np.ascontiguousarray(values.reshape(len(column), -1))


def to_lists(name: str, matrix: npt.NDArray[Any]) -> pl.Series:
    """An array of shape (n, d) as a list column."""
    return pl.Series(name, matrix).cast(pl.List(pl.Series(matrix[:0].reshape(-1)).dtype))


def from_bytes(column: pl.Series) -> npt.NDArray[np.uint8]:
    """A binary column of n rows of equal length d as an array of bytes, shape (n, d)."""
    if column.is_empty():
        return np.empty((0, 0), dtype=np.uint8)
    values = column.to_arrow(compat_level=pl.CompatLevel.oldest())
    _, ends, content = values.buffers()
    first, last = np.frombuffer(ends, dtype=np.int64)[[values.offset, values.offset + len(values)]]
    return np.frombuffer(content, dtype=np.uint8)[first:last].reshape(len(values), -1)


def to_bytes(name: str, matrix: npt.NDArray[Any]) -> pl.Series:
    """The bytes of every row of an array as a binary column."""
    return pl.Series(name, [row.tobytes() for row in matrix], dtype=pl.Binary)
