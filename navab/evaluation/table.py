"""The table `evaluations`: what has been scored is kept at once, and committed every so often, without the claim.

Scored rows go to `<lake>/evaluations/<run>/` first, one small file a unit, so that a kill loses none of them; then into
the table, in files that grow with the time a run takes. Two processes on one run add every row once.
"""

from __future__ import annotations

import io
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import xxhash
from pydantic import BaseModel, Field, ValidationError

from navab.evaluation.run import Run
from navab.lake.appending import append
from navab.lake.lake import Lake
from navab.lake.schema import load_schema
from navab.lake.snapshot import TableSnapshot
from navab.lake.storage import Storage, encode_parquet
from navab.lake.table import DataFile

FOLDER = "evaluations"  # of a lake: what is scored and not yet committed, and what every run was
_RECORD = "run.json"
_OF_A_RUN = re.compile(r"([0-9a-f]{16})-")  # names of this module's data files; a takedown writes others
_FIRST_COMMIT_S = 5.0
_SHARE_OF_TIME = 0.1  # a run commits when so much of its time has passed since the last commit


class EvaluationRecord(BaseModel):
    """What a run was, and how it ended."""

    run_id: str
    made_by: int
    release: str
    model: str
    method: str
    protocol: str
    condition: str
    settings: dict[str, object]
    started_at: datetime
    seconds: float = 0.0
    triples: int = 0  # selected
    skipped: int = 0  # of these the condition could not be made
    finished: bool = False
    cutoff: datetime | None = None
    canary_rank: int | None = None
    negated: dict[str, tuple[float, float]] = Field(default_factory=dict)  # shares of S and RS, by nation


class RunRows:
    """The rows of one run: those that it has, and those that are added."""

    def __init__(self, lake: Lake, run: Run) -> None:
        self._table = lake.table("evaluations")
        self._storage = lake.storage
        self._run = run
        self._folder = lake.storage.path(FOLDER, run.run_id)
        self._kept: list[pa.Table] = []
        self._files: list[str] = []
        self._started = self._committed = time.monotonic()
        self.done: set[int] = set()

    def open(self) -> None:
        """Find out what is done: in the table, and kept by a process that was killed before it could commit."""
        for path in self._storage.list_files(self._folder):
            if path.endswith(".parquet"):
                self._kept.append(pq.read_table(io.BytesIO(self._storage.read_bytes(path))))
                self._files.append(path)
        self.commit()
        self.done = set(run_rows(self._table.snapshot(), self._run.run_id, ["triple_id"])["triple_id"])

    def keep(self, rows: pa.Table) -> None:
        """Keep the rows of whole triples; commit if it is time."""
        content = encode_parquet(rows)
        path = f"{self._folder}/{xxhash.xxh3_64_hexdigest(content)}.parquet"
        self._storage.write_bytes(path, content)
        self._kept.append(rows)
        self._files.append(path)
        self.done.update(rows["triple_id"].to_pylist())
        now = time.monotonic()
        if now - self._committed >= max(_FIRST_COMMIT_S, _SHARE_OF_TIME * (now - self._started)):
            self.commit()

    def commit(self) -> None:
        """Bring what is kept into the table."""
        if self._kept:
            append(self._table, self._run.run_id, self._write)
        self._storage.delete_files(self._files)
        self._kept, self._files = [], []
        self._committed = time.monotonic()

    def _write(self, snapshot: TableSnapshot) -> list[DataFile]:
        """Write what the snapshot lacks, one file a nation."""
        rows = pl.DataFrame(pa.concat_tables(self._kept)).unique(["triple_id", "order"], maintain_order=True)
        present = run_rows(snapshot, self._run.run_id, ["triple_id", "order"])
        return list(self._data_files(rows.join(present, on=["triple_id", "order"], how="anti")))

    def _data_files(self, rows: pl.DataFrame) -> Iterator[DataFile]:
        schema = load_schema("evaluations").arrow
        for (nation,), part in rows.sort("triple_id", "order").group_by("nation", maintain_order=True):
            content = encode_parquet(part.to_arrow().cast(schema))
            path = f"{nation}/{self._run.run_id}-{xxhash.xxh3_64_hexdigest(content)}.parquet"
            self._storage.write_bytes(self._storage.path("tables", "evaluations", path), content)
            yield DataFile("evaluations", path, part.height, len(content), str(nation))


def run_rows(snapshot: TableSnapshot, run_id: str, columns: list[str]) -> pl.DataFrame:
    """Columns of the rows of one run; files of other runs are not opened."""
    paths = [path for path in snapshot.files["path"] if _may_hold(path, run_id)]
    wanted = list(dict.fromkeys([*columns, "run_id"]))
    rows = snapshot.read_files(paths, wanted).filter(pl.col("run_id") == run_id)
    return rows.select(columns)


def _may_hold(path: str, run_id: str) -> bool:
    found = _OF_A_RUN.match(path.rsplit("/", 1)[-1])
    return found is None or found[1] == run_id


def start_record(run: Run, triples: int, cutoff: datetime | None) -> EvaluationRecord:
    """The record of a run that begins now."""
    return EvaluationRecord(
        run_id=run.run_id,
        made_by=run.made_by,
        release=run.release,
        model=run.model,
        method=run.method,
        protocol=run.protocol,
        condition=run.condition,
        settings={**run.settings, **run.scope},
        started_at=datetime.now(UTC),
        triples=triples,
        cutoff=cutoff,
    )


def save_record(storage: Storage, record: EvaluationRecord) -> None:
    """Write what a run was."""
    path = storage.path(FOLDER, record.run_id, _RECORD)
    storage.write_bytes(path, record.model_dump_json(indent=1).encode())


def read_record(storage: Storage, run_id: str) -> EvaluationRecord | None:
    """The record of a run; None if there is none, or one of another version."""
    try:
        return EvaluationRecord.model_validate_json(storage.read_bytes(storage.path(FOLDER, run_id, _RECORD)))
    except (FileNotFoundError, ValidationError):
        return None


def read_records(storage: Storage) -> list[EvaluationRecord]:
    """All runs of a lake, the earliest first."""
    folders = storage.list_folders(storage.path(FOLDER))
    records = [read_record(storage, folder.rsplit("/", 1)[1]) for folder in folders]
    found = [record for record in records if record is not None]
    return sorted(found, key=lambda record: (record.started_at, record.run_id))
