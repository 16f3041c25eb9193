"""Opening a lake for a command: who writes is refused before anything else is looked at."""

from __future__ import annotations

from pathlib import Path

import pytest

from navab.commands.opening import open_view
from navab.errors import LakeHeldError, StorageError
from navab.lake.lake import Lake


def test_a_writer_is_refused_before_tables_are_opened(tmp_path: Path) -> None:
    """Opening takes its time on a slow store; that it comes later is seen by a table that cannot be opened."""
    lake = Lake(str(tmp_path / "lake"))
    settings = [f"lake={tmp_path / 'lake'}"]
    with lake.claim("test"):
        log = tmp_path / "lake" / "tables" / "articles" / "_delta_log"
        log.mkdir(parents=True)
        (log / f"{0:020d}.json").write_text("no log", "utf-8")
        with pytest.raises(LakeHeldError, match="in stage test"):
            open_view(None, settings, to_write=True)
        with pytest.raises(StorageError, match="articles"):
            open_view(None, settings)
    with pytest.raises(StorageError, match="articles"):
        open_view(None, settings, to_write=True)
