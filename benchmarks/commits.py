"""Thousands of commits to one table on a real S3 server: what opening, pending keys and a commit cost at the end.

python benchmarks/commits.py [COMMITS] [--folder FOLDER]     half an hour for 5,000; starts SeaweedFS and a local Ray

Every commit adds one small file of extractions that a Ray worker wrote; small files are merged on the way as in any
run. Commits follow each other without a pause, a hundred times as fast as by default, and merging may fall behind: so
the last hundred are a run of their own. They are measured in turn with the first hundred to a lake that is new, so that
both meet the same load; a figure is the median of each. With a folder of its own, a run that was interrupted goes on.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

import numpy as np
import polars as pl

from navab.configuration import Configuration
from navab.execution.carrier import Carrier
from navab.execution.committer import Committer
from navab.execution.metrics import Metrics
from navab.execution.units import write_output
from navab.lake.claim import Claim
from navab.lake.hashing import combine
from navab.lake.schema import load_schema
from navab.lake.storage import Storage
from navab.maintenance import maintain
from navab.nations.registry import Registry
from navab.pipeline import open_lake
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
    """Seconds of each kind of action, at the start of a table and at its end."""

    start: dict[str, list[float]] = field(default_factory=dict)
    end: dict[str, list[float]] = field(default_factory=dict)

    def report(self) -> bool:
        """Print the medians; whether all ratios are within the limit."""
        ratios = []
        for name, seconds in self.start.items():
            start, end = 1000 * statistics.median(seconds), 1000 * statistics.median(self.end[name])
            ratios.append(end / start)
            verdict = "holds" if ratios[-1] <= LIMIT else "FAILS"
            print(f"{name:<28} {start:8.1f} ms  {end:8.1f} ms  ratio {ratios[-1]:5.2f}  at most {LIMIT}  {verdict}")
        return max(ratios) <= LIMIT


class Growing:
    """A lake whose table of extractions grows by one file a commit, as in a run."""

    def __init__(self, configuration: Configuration, expected: pl.DataFrame) -> None:
        self._configuration = configuration
        self._expected = expected
        self.view = self.open_view()

    def open_view(self) -> View:
        """A view as a driver has it that has just started."""
        lake = open_lake(self._configuration)
        return View(lake, self._configuration, Registry.bundled(), {TABLE: lambda view: self._expected}, {})

    def write_articles(self, claim: Claim) -> None:
        """The articles that the extractions rest on: `maintain` would remove rows without."""
        same = {"nation": "us", "fingerprint": 0, "path": "/crawl", "record_no": 0, "crawl": "2026-10"}
        rows = [same | {"record_id": key, "article_id": key} for key in self._expected["article_id"]]
        output = Output("articles", load_schema("articles").table(rows))
        files = list(write_output(output, "articles", self.view.lake.storage, claim.epoch))
        self.view.lake.commit("articles", files, claim)

    def units(self) -> list[Unit]:
        """What is pending, one unit a commit."""
        rows = self.view.pending(TABLE).sort("article_id")
        parts = [rows.slice(start, ROWS) for start in range(0, rows.height, ROWS)]
        return [Unit(f"unit-{part['article_id'][0] & (2**64 - 1):016x}", "us", part) for part in parts]

    def commits(self, units: Sequence[Unit], claim: Claim) -> Iterator[float]:
        """Run units with one commit each; yields the seconds that every commit took."""
        with Carrier(self.view.lake.storage, self._configuration.resources, claim.epoch) as carrier:
            committer = Committer((TABLE,), self.view, claim, carrier, replaces=False, metrics=Metrics())
            for written in carrier.carry(units, WriteExtractions()):
                before = committer.rows
                committer.add(written)
                if committer.rows > before:
                    yield _seconds(committer.commit_if_due)
            committer.finish()

    def measure(self, timings: dict[str, list[float]]) -> None:
        """Time opening the table and finding what is pending, as a driver does in a run and as one that starts."""
        timings.setdefault("open", []).append(_seconds(self.view.lake.table(TABLE).snapshot))
        timings.setdefault("pending, long-lived driver", []).append(_seconds(lambda: self.view.pending(TABLE)))
        timings.setdefault("pending, fresh driver", []).append(_seconds(lambda: self.open_view().pending(TABLE)))

    def state(self) -> tuple[int, int, int]:
        """Print and return: files of the latest version, data files that are stored, and files of the log."""
        snapshot, storage = self.open_view().snapshot(TABLE), self.view.lake.storage
        stored = storage.find_files(storage.path("tables", TABLE))
        log = sum("/_delta_log/" in path for path in stored)
        print(
            f"version {snapshot.version}, {snapshot.rows:,} rows, {snapshot.files.height} files of "
            f"{snapshot.files['size'].sum() / 2**20:.0f} MB ({len(stored) - log} stored), {log} files in the log",
            flush=True,
        )
        return snapshot.files.height, len(stored) - log, log


def _seconds(action: Callable[[], object]) -> float:
    started = time.monotonic()
    action()
    return time.monotonic() - started


def _measure(server: Server, count: int) -> bool:
    """Make `count` commits to one table; whether all figures are within their limits."""
    keys = np.random.default_rng(0).integers(-(2**63), 2**63 - 1, count * ROWS)
    expected = pl.DataFrame({"article_id": keys, "fingerprint": combine(keys)}).with_columns(nation=pl.lit("us"))
    old, young = (Growing(_configuration(server, name), expected) for name in ("old", f"young-{time.time_ns()}"))
    with old.view.lake.claim("benchmark") as claim, young.view.lake.claim("benchmark") as other:
        if old.view.snapshot("articles").version < 0:
            old.write_articles(claim)
        units = old.units()
        if len(units) < WINDOW:
            sys.exit(f"{len(units)} commits are left, fewer than the {WINDOW} to measure: give a new folder")
        timings = Timings()
        _grow(old.commits(units[:-WINDOW], claim), len(units) - WINDOW, count - len(units))
        late, early = old.commits(units[-WINDOW:], claim), young.commits(young.units()[:WINDOW], other)
        for done, (end, start) in enumerate(zip(late, early, strict=True), 1):
            timings.end.setdefault("commit", []).append(end)
            timings.start.setdefault("commit", []).append(start)
            if done % EVERY == 0:
                old.measure(timings.end)
                young.measure(timings.start)
        old.state()
        holds = timings.report()
        assert old.open_view().pending(TABLE).is_empty()
        print(f"maintain: {_seconds(lambda: maintain(old.open_view(), claim)):.1f} s")
        files, stored, log = old.state()
        assert old.open_view().pending(TABLE).is_empty()
    # One file of the target size, and a log of the latest version, its checkpoint and the pointer to that.
    return holds and (files, stored) == (1, 1) and log <= 3


def _grow(commits: Iterator[float], count: int, before: int) -> None:
    """Make commits that are not measured."""
    started = time.monotonic()
    for done, _ in enumerate(commits, 1):
        if done % 100 == 0:
            rate = done / (time.monotonic() - started)
            print(f"{before + done} commits, {rate:.1f} a second, {(count - done) / rate:.0f} s left", file=sys.stderr)


def _configuration(server: Server, lake: str) -> Configuration:
    return Configuration.model_validate(
        {
            "lake": f"s3://lake/{lake}",
            "storage": {"endpoint_url": server.endpoint},
            "resources": {"num_cpus": 2, "commit_interval_s": 1e-6},
            "maintenance": {"retention_hours": 0},
        }
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("commits", type=int, nargs="?", default=5_000)
    parser.add_argument("--folder", type=Path, help="Of the store; what is there is gone on with.")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = options.folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="navab-commits-")))
        folder.mkdir(parents=True, exist_ok=True)
        server = Server(folder)
        os.environ.update(server.environment)
        server.start()
        stack.callback(server.stop)
        holds = _measure(server, options.commits)
    sys.exit(0 if holds else 1)


if __name__ == "__main__":
    # Workers import what they run by the name of its module.
    folders = [str(Path(__file__).parent), str(Path(__file__).parents[1])]
    os.environ["PYTHONPATH"] = os.pathsep.join([*folders, os.environ.get("PYTHONPATH", "")])
    import_module("commits").main()
