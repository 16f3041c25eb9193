"""Run records: the latest one is found, whatever lies beside it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from navab.execution.runs import RunRecord, StepRecord, last_run, save_run
from navab.lake.storage import Storage

START = datetime(2026, 11, 5, tzinfo=UTC)


def record(minute: int, rows: int) -> RunRecord:
    step = StepRecord(stage="articles", step="articles", rows=rows, seconds=2.0)
    started_at = START + timedelta(minutes=minute)
    return RunRecord(command="run", started_at=started_at, engine="rules", steps=[step], outcome="done")


def test_the_latest_run_and_the_latest_that_changed_anything(tmp_path: Path) -> None:
    storage = Storage(str(tmp_path))
    assert last_run(storage) is None
    for minute, rows in ((2, 0), (0, 7), (1, 9)):
        save_run(storage, record(minute, rows))
    assert last_run(storage) == record(2, 0)
    assert last_run(storage, changed=True) == record(1, 9)


def test_what_is_no_record_is_passed_over(tmp_path: Path) -> None:
    storage = Storage(str(tmp_path))
    save_run(storage, record(0, 7))
    storage.write_bytes(storage.path("runs", "20991231T000000000000.json"), b"{ damaged")
    assert last_run(storage) == record(0, 7)


def test_the_rate_of_a_step() -> None:
    assert record(0, 7).steps[0].rate == 3.5
    assert StepRecord(stage="a", step="a", rows=0, seconds=0).rate == 0
