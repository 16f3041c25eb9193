"""Run records: what every run did, kept as small JSON files beside the tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field, ValidationError

from navab.lake.storage import Storage
from navab.options.engine import EngineSection
from navab.secrets import masked


class StepRecord(BaseModel):
    """What one step of a run did: `rows` that were pending, and of files that were read the `records` in them."""

    stage: str
    step: str
    rows: int
    seconds: float
    records: int | None = None

    @property
    def handled(self) -> int:
        """Rows as people count them: records where files were pending."""
        return self.rows if self.records is None else self.records

    @property
    def rate(self) -> float:
        """Rows a second."""
        return self.handled / self.seconds if self.seconds > 0 else 0.0


class RunRecord(BaseModel):
    """One run: its steps, how long it took and how it ended."""

    command: str
    started_at: datetime
    seconds: float = 0.0
    engine: str
    configuration: Mapping[str, Any] = Field(default_factory=dict)
    steps: list[StepRecord] = Field(default_factory=list)
    outcome: str = "failed"

    @property
    def changed(self) -> bool:
        return any(step.rows for step in self.steps)


def recorded_engine(engine: EngineSection) -> str:
    """An engine as run records and pages name it."""
    return "rules (baseline)" if engine.kind == "rules" else f"{engine.kind} {engine.model}"


def save_run(storage: Storage, record: RunRecord) -> None:
    """Keep the record of a run, without secrets: its outcome may quote what a store answered."""
    name = f"{record.started_at:%Y%m%dT%H%M%S%f}.json"
    storage.write_bytes(storage.path("runs", name), masked(record.model_dump_json(indent=1)).encode())


def last_run(storage: Storage, *, changed: bool = False) -> RunRecord | None:
    """The latest run, or the latest one that changed anything."""
    return next((record for record in latest_runs(storage) if record.changed or not changed), None)


def latest_runs(storage: Storage) -> Iterator[RunRecord]:
    """The runs of a lake, the latest first; records of another version are left out."""
    for path in reversed(storage.list_files(storage.path("runs"))):
        try:
            yield RunRecord.model_validate_json(storage.read_bytes(path))
        except ValidationError:
            continue
