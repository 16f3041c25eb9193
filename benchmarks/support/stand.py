"""A real S3 server with sources on it, and builds of lakes beside them."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from benchmarks.support.articles import REPOSITORY, draw_articles
from benchmarks.support.lakes import Lake
from benchmarks.support.runs import Run
from navab.pipeline import STAGES
from tests.s3.server import BUCKET, Server

WORKERS = 2
RELEASE = "chaos"
STEP_TABLES = {step.name: step.writes for stage in STAGES for step in stage.steps}
STEP_OF = {table: step for step, tables in STEP_TABLES.items() for table in tables}


@dataclass(frozen=True)
class Reference:
    """What an undisturbed build gives, and how long it takes."""

    tables: dict[str, pl.DataFrame]
    release: str
    seconds: float
    step_seconds: Mapping[str, float]
    largest_file: Mapping[str, int]  # rows, by table

    def rate(self, table: str) -> float:
        """Rows of a table a second while its step runs."""
        return self.tables[table].height / max(self.step_seconds.get(STEP_OF[table], 0.0), 0.1)


@dataclass
class Stand:
    """The store, the configuration of all builds but for their lake, and a folder for what runs print."""

    server: Server
    folder: Path
    document: dict[str, Any]
    runs: list[Run] = field(default_factory=list)

    @property
    def interval_s(self) -> float:
        return float(self.document["resources"]["commit_interval_s"])

    def lake(self, name: str) -> Lake:
        """A lake on the store, whether it exists or not."""
        return Lake(f"s3://{BUCKET}/{name}", self.server.files, self.server.delta_options)

    def start(self, lake: Lake, endpoint: str | None = None) -> Run:
        """Start, or resume, `navab run` on a lake; `endpoint` is another way to the store."""
        name = lake.uri.rsplit("/", 1)[1]
        document = self.document | {"lake": lake.uri, "storage": {"endpoint_url": endpoint or self.server.endpoint}}
        path = self.folder / f"{name}.yaml"
        path.write_text(yaml.safe_dump(document, allow_unicode=True), "utf-8")
        self.runs.append(Run(path, self.folder / f"{name}.log", self.server.environment))
        return self.runs[-1]

    def build_reference(self, timeout_s: float) -> Reference:
        """Build a lake without any disturbance."""
        lake = self.lake("reference")
        started = time.monotonic()
        run = self.start(lake)
        code = run.wait(timeout_s)
        if code != 0:
            run.end()
            raise RuntimeError(f"the undisturbed run ended with {code}: see {run.log}")
        seconds = time.monotonic() - started
        steps = {step["step"]: step["seconds"] for step in lake.run_record()["steps"]}
        largest: dict[str, int] = {}
        for one in lake.made().values():
            largest[one.table] = max(largest.get(one.table, 0), lake.rows_of(one))
        return Reference(lake.tables(), lake.release(RELEASE), seconds, steps, largest)


@contextlib.contextmanager
def real_stand(folder: Path, articles: int) -> Iterator[Stand]:
    """A stand with real articles of five nations."""
    files = draw_articles(folder / "articles", articles)
    settings = {"sources": [{"path": f"s3://{BUCKET}/sources/*.jsonl.gz", "crawl": "real"}]}
    with _stand(folder, {path.name: path for path in files}, settings) as stand:
        yield stand


@contextlib.contextmanager
def sample_stand(folder: Path) -> Iterator[Stand]:
    """A stand with the bundled sample."""
    document = yaml.safe_load((REPOSITORY / "examples" / "sample.yaml").read_text("utf-8"))
    sample = REPOSITORY / "examples" / "sample"
    names = chain((sample / "crawl-1").glob("*.jsonl"), [sample / "crawl-2.parquet"])
    files = {str(path.relative_to(sample)): path for path in names}
    for source in document["sources"]:
        source["path"] = source["path"].replace("examples/sample/", f"s3://{BUCKET}/sources/")
    with _stand(folder, files, document) as stand:
        yield stand


@contextlib.contextmanager
def _stand(folder: Path, files: Mapping[str, Path], settings: Mapping[str, Any]) -> Iterator[Stand]:
    folder.mkdir(parents=True, exist_ok=True)
    store = folder / "store"
    shutil.rmtree(store, ignore_errors=True)
    store.mkdir()
    server = Server(store)
    server.start()
    stand = Stand(server, folder, {})
    try:
        for name, path in files.items():
            server.files.put_file(str(path), f"{BUCKET}/sources/{name}")
        resources = {"num_cpus": WORKERS, "commit_interval_s": 5.0, "unit_rows": 64}
        stand.document = dict(settings) | {"release": {"name": RELEASE}, "resources": resources}
        yield stand
    finally:
        for run in stand.runs:
            if run.code is None:
                run.end()
        server.stop()
