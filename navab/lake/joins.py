"""Joins of key frames that stay small in memory, however many rows the frames have, and what pairs of rows connect."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from navab.lake.hashing import Int64Array

Mask = npt.NDArray[np.bool_]
PART_ROWS = 4_000_000
_ROW = "_row"


def match(left: pl.DataFrame, right: pl.DataFrame, on: Sequence[str]) -> tuple[Mask, Mask]:
    """Which rows of each frame have a partner in the other, with equal values (no nulls) in the columns `on`.

    The frames are joined on the first integer column of `on`, part by part of its values, and what is found is
    compared in the others: a join on one integer costs a third of one on several columns.
    """
    key = next((name for name in on if left.schema[name].is_integer()), on[0])
    others = [name for name in on if name != key]
    right = right.select(pl.col(name).cast(left.schema[name]) for name in on)
    left = left.select(on)
    found = np.zeros(left.height, dtype=np.bool_), np.zeros(right.height, dtype=np.bool_)
    if left.is_empty() or right.is_empty():
        return found
    for one, other in _parts(left, right, key):
        pairs = one.join(other, on=key, how="inner")
        for name in others:
            pairs = pairs.filter(pl.col(name) == pl.col(f"{name}_right"))
        found[0][pairs[_ROW].to_numpy()] = True
        found[1][pairs[f"{_ROW}_right"].to_numpy()] = True
    return found


def _parts(left: pl.DataFrame, right: pl.DataFrame, key: str) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    """Pieces of both frames, numbered, of which every pair of rows with equal keys is in one."""
    numbered = left.lazy().with_row_index(_ROW), right.lazy().with_row_index(_ROW)
    if right.height <= PART_ROWS or not left.schema[key].is_integer():
        whole = numbered[1].collect()
        for start in range(0, left.height, PART_ROWS):
            yield numbered[0].slice(start, PART_ROWS).collect(), whole
        return
    parts = 1 << (max(left.height, right.height) // PART_ROWS).bit_length()
    for part in range(parts):
        own = (pl.col(key) & (parts - 1)) == part
        yield numbered[0].filter(own).collect(), numbered[1].filter(own).collect()


def keep(frame: pl.DataFrame, mask: Mask) -> pl.DataFrame:
    """The rows that a mask marks; the frame itself, not a copy, if it marks all."""
    return frame if mask.all() else frame.filter(pl.Series(mask))


def components(left: Int64Array, right: Int64Array, size: int) -> Int64Array:
    """Number the components of `size` rows of which those at `left` and `right` are connected, pair by pair."""
    from scipy.sparse import coo_matrix  # noqa: PLC0415  (half a second that only this needs)
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    graph = coo_matrix((np.ones(len(left), dtype=np.int8), (left, right)), shape=(size, size))
    labels: Int64Array = connected_components(graph, directed=False)[1]
    return labels
