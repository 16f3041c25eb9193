"""`navab status --as-of`: the lake as it was, until maintenance has deleted that."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from navab import cli
from navab.execution.units import write_output
from navab.stages.base import Output, conform
from tests.oldlakes import unpack, view_of

Tables = dict[str, str]


def strike_out(configuration: Path) -> None:
    """A person strikes all topics of the lake out: `topics` gets another version."""
    csv = configuration.parent / "topics.csv"
    assert cli._run(["topics", "export", str(csv), "--config", str(configuration)]) == 0
    pl.read_csv(csv, infer_schema=False).with_columns(decision=pl.lit("no")).write_csv(csv)
    assert cli._run(["topics", "import", str(csv), "--config", str(configuration)]) == 0


def status(configuration: Path, capsys: pytest.CaptureFixture[str], *as_of: str) -> tuple[int, Tables, str]:
    """Exit code, the lines of the tables by name, and what went to stderr."""
    code = cli._run(["status", "--config", str(configuration), *(word for one in as_of for word in ("--as-of", one))])
    said = capsys.readouterr()
    return code, {line.split()[0]: " ".join(line.split()[1:]) for line in said.out.splitlines() if line}, said.err


def test_live_rows_are_those_of_the_version(old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, before, _ = status(old, capsys)
    built = datetime.now(UTC).isoformat()
    strike_out(old)
    capsys.readouterr()
    _, now, _ = status(old, capsys)
    assert now["overrides"].split()[1] == now["topics"].split()[1], "one word on each topic"
    assert now["triples"].split()[-1] == "0" != before["triples"].split()[-1]
    code, then, _ = status(old, capsys, built)
    assert code == 0
    assert "overrides" not in then, "it did not exist yet"
    of_now = ("last", "Work", "release", "old")  # the last run, and releases; `old` is the name of one
    assert not then.keys() & {*of_now}
    assert then == {name: line for name, line in before.items() if name not in of_now}
    _, mixed, _ = status(old, capsys, "0", f"topics={now['topics'].split()[0]}")
    assert mixed["topics"].split()[:2] == now["topics"].split()[:2]
    assert mixed["triples"].startswith("0 ")


def replace_resolutions(configuration: Path) -> None:
    """Write a snapshot's rows once more, as a run does that decides anew: its old file leaves the table."""
    view = view_of(configuration)
    rows = view.snapshot("resolutions").read(view.snapshot("resolutions").schema.arrow.names).drop("_file")
    made = Output("resolutions", conform(rows.reverse(), "resolutions"))
    with view.lake.claim("test") as claim:
        view.lake.commit(
            "resolutions", list(write_output(made, "again", view.lake.storage, claim.epoch)), claim, replace=["uk"]
        )


def test_what_maintenance_has_deleted_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = unpack(1, tmp_path)
    maintain = ["maintain", "--config", str(old), "--set", "maintenance.retention_hours=0"]
    replace_resolutions(old)
    assert cli._run(maintain) == 0
    capsys.readouterr()
    assert status(old, capsys, "resolutions=0")[1]["resolutions"].startswith("0 44"), "the release cites it"
    shutil.rmtree(tmp_path / "lake" / "releases")
    assert cli._run(maintain) == 0
    capsys.readouterr()
    code, _, said = status(old, capsys, "resolutions=0")
    assert code == 2
    assert said.startswith("navab: table resolutions cannot be read at version 0: its files are deleted; the earliest")
    assert said.count("\n") == 1
    earliest = said.rpartition(" is ")[2].partition(",")[0]
    assert status(old, capsys, f"resolutions={earliest}")[0] == 0
