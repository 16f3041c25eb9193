"""What units read: the rows that were chosen, from the files that hold them."""

from __future__ import annotations

from pathlib import Path

from navab.lake.storage import Storage
from navab.stages.base import Selection


def test_a_selection_of_nothing_is_an_empty_frame(tmp_path: Path) -> None:
    selection = Selection("searches", ("candidates",), "statement_id", ())
    rows = selection.read(Storage(str(tmp_path)))
    assert rows.is_empty()
    assert rows.columns == ["statement_id", "fingerprint", "candidates"]
