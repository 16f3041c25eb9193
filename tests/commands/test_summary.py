"""The summary of a run: what came out, and how fast each step was."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from navab.commands.summary import show_rates
from navab.execution.runs import RunRecord, StepRecord


def record(*steps: tuple[str, int, float]) -> RunRecord:
    made = [StepRecord(stage=step, step=step, rows=rows, seconds=seconds) for step, rows, seconds in steps]
    return RunRecord(command="run", started_at=datetime.now(UTC), engine="rules", steps=made)


def test_every_step_with_work_has_its_rate(capsys: pytest.CaptureFixture[str]) -> None:
    show_rates(record(("articles", 3000, 1.5), ("duplicates", 0, 0.1), ("extraction", 50, 100.0)))
    assert capsys.readouterr().out == "rows a second: articles 2,000, extraction 0.50\n"


def test_the_rate_of_reading_is_in_records_not_in_files(capsys: pytest.CaptureFixture[str]) -> None:
    read = StepRecord(stage="articles", step="articles", rows=2, seconds=1.5, records=3000)
    show_rates(RunRecord(command="run", started_at=datetime.now(UTC), engine="rules", steps=[read]))
    assert capsys.readouterr().out == "rows a second: articles 2,000\n"


def test_a_run_without_work_has_none(capsys: pytest.CaptureFixture[str]) -> None:
    show_rates(record(("articles", 0, 0.2)))
    assert capsys.readouterr().out == ""
