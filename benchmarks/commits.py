"""Thousands of commits to one table on a real S3 server: what opening, pending keys and a commit cost at the end.

PYTHONPATH=. python benchmarks/commits.py [COMMITS]     about half an hour for 5,000; starts SeaweedFS and a local Ray

Every commit adds one small file of extractions that a Ray worker wrote; small files are merged on the way as in any
run. A figure is the median over the first hundred commits and over the last hundred.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

import numpy as np
import polars as pl

from navab.carrier import Carrier, write_output
from navab.committer import Committer
from navab.configuration import Configuration
from navab.lake.hashing import combine
from navab.lake.lake import Lake
from navab.lake.schema import load_schema
from navab.lake.storage import Storage, StorageOptions
from navab.lake.table import DataFile
from navab.maintenance import maintain
from navab.nations.registry import Registry
from navab.stages.base import Output, Unit
from navab.view import View
from tests.s3.server import Server

TABLE = "extractions"
ROWS = 64  # of one file
WINDOW, EVERY = 100, 5
LIMIT = 2.0
TEXT = "The minister said that the proposal must not be accepted before the parliament has voted on the budget."


@dataclass(frozen=True)
class WriteExtractions:
    """Writes the pending rows of a unit, each with two statements."""

    def __call__(self, unit: Unit, storage: Storage) -> Iterator[Output]:
        rows = [
            {
                "article_id": key,
                "nation": "us",
                "fingerprint": fingerprint,
                "statements": [_statement(key, number) for number in range(2)],
                "statement_ids": [key ^ number for number in range(2)],
                "engine": "rules",
                "prompt_tokens": 0,
                "output_tokens": 0,
            }
            for key, fingerprint in unit.pending.select("article_id", "fingerprint").iter_rows()
        ]
        yield Output(TABLE, load_schema(TABLE).table(rows))


def _statement(key: int, number: int) -> dict[str, object]:
    text = f"{TEXT} {key} {number}"
    said = {"statement_id": key ^ number, "text": text, "evidence": f"{text} {TEXT}", "speaker": None}
    return said | {"source_type": "quoted", "speaker_nation": "home"}


@dataclass
class Timings:
    """Seconds of each kind of action, with the number of commits before it."""

    taken: dict[str, list[tuple[int, float]]] = field(default_factory=dict)

    def measure(self, name: str, commits: int, action: Callable[[], object]) -> None:
        started = time.monotonic()
        action()
        self.taken.setdefault(name, []).append((commits, time.monotonic() - started))

    def report(self, commits: int) -> None:
        for name, values in self.taken.items():
            first = [seconds for done, seconds in values if done <= WINDOW]
            last = [seconds for done, seconds in values if done > commits - WINDOW]
            start, end = 1000 * statistics.median(first), 1000 * statistics.median(last)
            verdict = "holds" if end / start <= LIMIT else "FAILS"
            print(f"{name:<28} {start:8.1f} ms  {end:8.1f} ms  ratio {end / start:5.2f}  at most {LIMIT}  {verdict}")


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000
    with tempfile.TemporaryDirectory(prefix="navab-commits-") as folder:
        server = Server(Path(folder))
        os.environ.update(server.environment)
        server.start()
        try:
            _measure(server, count)
        finally:
            server.stop()


def _measure(server: Server, commits: int) -> None:
    keys = np.random.default_rng(0).integers(-(2**63), 2**63 - 1, commits * ROWS)
    expected = pl.DataFrame({"article_id": keys, "fingerprint": combine(keys)}).with_columns(nation=pl.lit("us"))
    configuration = Configuration.model_validate(
        {
            "lake": "s3://lake/commits",
            "storage": {"endpoint_url": server.endpoint},
            "resources": {"num_cpus": 2, "commit_interval_s": 1e-6},
            "maintenance": {"retention_hours": 0},
        }
    )

    def open_view() -> View:
        lake = Lake(configuration.lake, StorageOptions(server.endpoint))
        return View(lake, configuration, Registry.bundled(), {TABLE: lambda view: expected}, {})

    view, timings, done = open_view(), Timings(), 0
    with view.lake.claim("benchmark") as claim:  # extractions without articles would be for `maintain` to remove
        view.lake.commit("articles", _write_articles(view.lake.storage, keys.tolist()), claim)
    units = [Unit(f"unit-{n:06d}", "us", expected.slice(n * ROWS, ROWS).sort("article_id")) for n in range(commits)]
    with view.lake.claim("benchmark") as claim, Carrier(view.lake.storage, configuration.resources) as carrier:
        committer = Committer((TABLE,), view, claim, carrier, replaces=False)
        for written in carrier.carry(units, WriteExtractions()):
            committer.add(written)
            if written.file is None:
                continue
            timings.measure("commit", done, committer.commit_if_due)
            done += 1
            if done % 500 == 0:
                print(f"{done} commits, {view.snapshot(TABLE).files.height} files", file=sys.stderr, flush=True)
            if (done <= WINDOW or done > commits - WINDOW) and done % EVERY == 0:
                timings.measure("open", done, view.lake.table(TABLE).snapshot)
                timings.measure("pending, long-lived driver", done, lambda: view.pending(TABLE))
                timings.measure("pending, fresh driver", done, lambda: open_view().pending(TABLE))
        committer.finish()
    _state("after the run", open_view())
    timings.report(commits)
    assert open_view().pending(TABLE).is_empty()
    with view.lake.claim("benchmark") as claim:
        started = time.monotonic()
        maintain(open_view(), claim)
        print(f"maintain: {time.monotonic() - started:.1f} s")
    _state("after maintain", open_view())
    assert open_view().pending(TABLE).is_empty()


def _write_articles(storage: Storage, keys: Sequence[int]) -> list[DataFile]:
    same = {"nation": "us", "fingerprint": 0, "path": "/crawl", "record_no": 0, "crawl": "2026-10"}
    rows = [same | {"record_id": key, "article_id": key} for key in keys]
    return list(write_output(Output("articles", load_schema("articles").table(rows)), "articles", storage))


def _state(when: str, view: View) -> None:
    snapshot, storage = view.snapshot(TABLE), view.lake.storage
    log = storage.list_files(storage.path("tables", TABLE, "_delta_log"))
    stored = [path for path in storage.filesystem.find(storage.path("tables", TABLE)) if path.endswith("t")]
    data = [path for path in stored if "_delta_log" not in path]
    print(
        f"{when}: version {snapshot.version}, {snapshot.rows:,} rows, {snapshot.files.height} files "
        f"({len(data)} stored), {len(log)} entries in the log"
    )


if __name__ == "__main__":
    # Workers import what they run by the name of its module.
    os.environ["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    import_module("commits").main()
