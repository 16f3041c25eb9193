"""`navab status --as-of`: the lake as it was, until maintenance has deleted that."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from deltalake import DeltaTable

from navab import cli
from tests.oldlakes import unpack


@pytest.fixture
def decided(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """The configuration of a lake whose only topic a person has struck out: `topics` has another version since."""
    configuration = unpack(1, tmp_path)
    csv = tmp_path / "topics.csv"
    assert cli._run(["topics", "export", str(csv), "--config", str(configuration)]) == 0
    pl.read_csv(csv, infer_schema=False).with_columns(decision=pl.lit("no")).write_csv(csv)
    assert cli._run(["topics", "import", str(csv), "--config", str(configuration)]) == 0
    capsys.readouterr()
    return configuration


def built_at(configuration: Path) -> str:
    """When the lake was finished, before the person's word."""
    log = DeltaTable(str(configuration.parent / "lake" / "tables" / "triples")).history()
    return datetime.fromtimestamp(log[0]["timestamp"] / 1000, UTC).isoformat()


def status(configuration: Path, capsys: pytest.CaptureFixture[str], *as_of: str) -> tuple[int, dict[str, str], str]:
    """Exit code, the lines of the tables by name, and what went to stderr."""
    code = cli._run(["status", "--config", str(configuration), *(word for one in as_of for word in ("--as-of", one))])
    said = capsys.readouterr()
    return code, {line.split()[0]: " ".join(line.split()[1:]) for line in said.out.splitlines() if line}, said.err


def test_live_rows_are_those_of_the_version(decided: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, now, _ = status(decided, capsys)
    assert now["overrides"].startswith("0 1")
    code, then, _ = status(decided, capsys, built_at(decided))
    assert code == 0
    assert "overrides" not in then, "it did not exist yet"
    assert then["triples"] == "0 44 40"
    assert then["uk"].split()[-1] == "40"
    assert "last" not in then, "the last run is of now"
    _, mixed, _ = status(decided, capsys, "0", "topics=1")
    assert mixed["topics"].startswith("1 1")
    assert mixed["overrides"].startswith("0 1")


def test_what_maintenance_has_deleted_is_said(decided: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lake = decided.parent / "lake"
    maintain = ["maintain", "--config", str(decided), "--set", "maintenance.retention_hours=0"]
    assert cli._run(maintain) == 0
    capsys.readouterr()
    assert status(decided, capsys, "topics=0")[1]["topics"].startswith("0 1"), "the release cites it"
    shutil.rmtree(lake / "releases")
    assert cli._run(maintain) == 0
    capsys.readouterr()
    code, _, said = status(decided, capsys, "topics=0")
    assert code == 2
    assert said.startswith("navab: table topics cannot be read at version 0: its files are deleted; the earliest")
    assert said.count("\n") == 1
    earliest = said.split()[-1]
    assert status(decided, capsys, earliest)[0] == 0
    assert status(decided, capsys, built_at(decided))[0] == 2
