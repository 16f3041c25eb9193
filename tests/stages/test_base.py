"""What units read: the rows that were chosen, from the files that hold them."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from navab.execution.units import run_unit
from navab.lake.storage import Storage
from navab.maintenance import Rewrite
from navab.stages.base import Selection, Unit


def test_a_selection_of_nothing_is_an_empty_frame(tmp_path: Path) -> None:
    selection = Selection("searches", ("candidates",), "statement_id", ())
    rows = selection.read(Storage(str(tmp_path)))
    assert rows.is_empty()
    assert rows.columns == ["statement_id", "fingerprint", "candidates"]


def test_files_whose_rows_all_go_are_rewritten_to_nothing(tmp_path: Path) -> None:
    selection = Selection("searches", ("statement_id", "nation", "fingerprint", "candidates"), "statement_id", ())
    unit = Unit("maintain", "cn", pl.DataFrame(), {"searches": selection})
    written = list(run_unit(unit, Rewrite("searches"), Storage(str(tmp_path)), 1))
    assert [one.file for one in written] == [None]
