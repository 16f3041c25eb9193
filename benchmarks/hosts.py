"""Hosts that die: a full run submitted to a Ray cluster of separate hosts, which are killed and cut off under it.

python benchmarks/hosts.py --articles 3000

Three hosts in network namespaces, each with its own address, Ray and temporary folder, and a lake on SeaweedFS. First
an undisturbed run; then one in which a worker host is killed with kill -9 and another one is cut off the network; then
one whose head is killed, with driver and claim, and started anew. Tables must be equal. Figure 1 of issue 10; needs
root.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from benchmarks.support.articles import NATIONS, draw_articles
from navab.lake.claim import ClaimRecord
from tests.hosts import Hosts, connected_hosts, why_not
from tests.s3.server import BUCKET, Server

HOSTS = 3
POLL_S = 0.2
PATIENCE_S = 1800.0


@dataclass
class Stand:
    """The hosts, the store that all of them see, and what every run is told but for its lake."""

    hosts: Hosts
    server: Server
    folder: Path
    document: Mapping[str, Any]
    seconds: dict[str, float] = field(default_factory=dict)

    def submit(self, lake: str, *arguments: str) -> str:
        """Submit jobs/build_benchmark.py with further arguments; the job's id."""
        path = self.folder / f"{lake}.yaml"
        document = {
            **self.document,
            "lake": f"s3://{BUCKET}/{lake}",
            "storage": {"endpoint_url": self.server.endpoint},
        }
        path.write_text(yaml.safe_dump(document, allow_unicode=True), "utf-8")
        return self.hosts.jobs.start(self.folder, "--config", str(path), *arguments)

    def wait_for_step(self, lake: str, step: str, job: str) -> None:
        """Wait until the run of a lake is in a step."""
        self._wait(lambda: self._stage(lake) == step, job, f"{lake} does not come to {step}")

    def wait(self, job: str) -> None:
        """Wait until a job has succeeded."""
        self._wait(lambda: self.hosts.jobs.status(job) == "SUCCEEDED", job, "the job does not end")

    def tables(self, lake: str) -> dict[str, pl.DataFrame]:
        return self.server.tables(lake)

    def _stage(self, lake: str) -> str | None:
        files = self.server.files
        files.invalidate_cache()
        claims = sorted(path for path in files.find(f"{BUCKET}/{lake}/claims") if path.endswith(".json"))
        if not claims:
            return None
        claim = ClaimRecord.model_validate_json(files.cat_file(claims[-1]))
        return None if claim.released else claim.stage

    def _wait(self, condition: Callable[[], bool], job: str, failure: str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            status = self.hosts.jobs.status(job)
            if status in ("FAILED", "STOPPED") or time.monotonic() > deadline:
                raise RuntimeError(f"{failure} ({status}):\n{self.hosts.jobs.logs(job)[-4000:]}")
            time.sleep(POLL_S)


def scenario(stand: Stand, *, kill: str, cut: str, head: str) -> dict[str, list[str]]:
    """Run all three; tables that differ from the undisturbed run's, by lake.

    A worker is killed in step `kill` and another one cut off in step `cut` of the second run; the head is killed in
    step `head` of the third.
    """
    timed(stand, "undisturbed", lambda: stand.wait(stand.submit("undisturbed")))
    timed(stand, "workers lost", lambda: lose_workers(stand, kill, cut))
    timed(stand, "head lost", lambda: lose_head(stand, head))
    expected = stand.tables("undisturbed")
    return {lake: differences(expected, stand.tables(lake)) for lake in ("workers", "head")}


def timed(stand: Stand, name: str, work: Callable[[], None]) -> None:
    """Start the hosts, do some work and keep how long it took."""
    stand.hosts.start()
    started = time.monotonic()
    work()
    stand.seconds[name] = time.monotonic() - started
    stand.hosts.stop()
    print(f"{name}: {stand.seconds[name]:.0f} s", flush=True)


def lose_workers(stand: Stand, kill: str, cut: str) -> None:
    """One worker is killed, the other one cut off; the job goes on with what is left."""
    job = stand.submit("workers")
    stand.wait_for_step("workers", kill, job)
    stand.hosts.workers[0].kill()
    stand.wait_for_step("workers", cut, job)
    stand.hosts.workers[1].cut_off()
    stand.wait(job)


def lose_head(stand: Stand, step: str) -> None:
    """The head is killed, with the driver on it; all is started anew, and the same job goes on."""
    job = stand.submit("head")
    stand.wait_for_step("head", step, job)
    stand.hosts.head.kill()
    stand.hosts.stop()
    stand.hosts.start()
    stand.wait(stand.submit("head"))


def differences(expected: dict[str, pl.DataFrame], found: dict[str, pl.DataFrame]) -> list[str]:
    """Tables that are not equal."""
    names = sorted({*expected, *found})
    return [
        name for name in names if name not in found or name not in expected or not found[name].equals(expected[name])
    ]


def main() -> int:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--articles", type=int, default=3000)
    options = arguments.parse_args()
    reason = why_not()
    if reason is not None:
        print(f"hosts: {reason}")
        return 2
    with tempfile.TemporaryDirectory(prefix="navab-hosts-") as name:
        folder = Path(name)
        draw_articles(folder / "articles", options.articles)
        document = {
            "nations": list(NATIONS),
            "sources": [{"path": f"s3://{BUCKET}/articles/*.jsonl.gz", "crawl": "first"}],
            "resources": {"unit_rows": 128},
        }
        with connected_hosts(folder, HOSTS) as hosts:
            server = Server(folder / "store", host=hosts.gateway)
            hosts.environment.update(server.environment)
            server.start()
            try:
                server.files.put(f"{folder}/articles/", f"{BUCKET}/articles/", recursive=True)
                stand = Stand(hosts, server, folder, document)
                different = scenario(stand, kill="embeddings", cut="extraction", head="extraction")
                rows = {table: frame.height for table, frame in stand.tables("undisturbed").items()}
            finally:
                server.stop()
    print(f"{rows['articles']:,} articles, {rows['triples']:,} triples on {HOSTS} hosts")
    for lake, names in different.items():
        print(f"{lake} lost: tables that differ from the undisturbed run: {', '.join(names) or 'none'}")
    return 1 if any(different.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
