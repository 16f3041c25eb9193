"""What units read: the rows that were chosen, from the files that hold them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from navab.lake.storage import Storage
from navab.stages.base import Selection


def test_a_selection_of_nothing_is_an_empty_frame(tmp_path: Path) -> None:
    selection = Selection("searches", ("candidates",), "statement_id", ())
    rows = selection.read(Storage(str(tmp_path)))
    assert rows.is_empty()
    assert rows.columns == ["statement_id", "fingerprint", "candidates"]


def test_a_selection_is_divided_by_keys() -> None:
    parts = [[1, 2, 3], [4], [5, 6]]
    selection = Selection(
        "searches",
        ("candidates",),
        "statement_id",
        tuple((f"{keys[0]}.parquet", np.array(keys), np.array(keys) * 10) for keys in parts),
    )
    some, others = selection.divided(pl.Series([2, 4, 7]))
    assert some.rows.rows() == [(2, 20), (4, 40)]
    assert others.rows.rows() == [(1, 10), (3, 30), (5, 50), (6, 60)]
    assert [path for path, _, _ in some.parts] == ["1.parquet", "4.parquet"]
    assert [path for path, _, _ in others.parts] == ["1.parquet", "5.parquet"]
