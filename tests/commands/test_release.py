"""`navab release --verify`: a release that lies anywhere is checked without a lake."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from navab.commands.release import release
from navab.errors import ConfigurationError, StorageError


def test_an_address_needs_no_lake_and_a_name_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "copies").mkdir()
    found = CliRunner().invoke(release, ["--verify", "copies/2026-11"])
    assert isinstance(found.exception, StorageError)
    assert "copies/2026-11" in str(found.exception)
    assert isinstance(CliRunner().invoke(release, ["--verify", "2026-11"]).exception, ConfigurationError)
