"""`ray job stop` at random moments: is the claim free within ten seconds, and is the resumed build right?

python benchmarks/job_stops.py --rounds 10 --seed 1 --articles 1000

Builds a lake of real articles undisturbed, then others by `ray job submit` on a local head, each stopped again and
again at moments drawn over its length; whenever one is done, its tables must equal the undisturbed ones. Figure 5 of
issue 10.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import yaml

from benchmarks.support.articles import NATIONS, draw_articles
from benchmarks.support.measure import line
from navab.lake.claim import ClaimRecord, latest_claim
from navab.lake.storage import Storage
from tests.heads import Head, ray_head
from tests.lakes import navab, tables

FREE_S = 10.0
POLL_S = 0.05
PATIENCE_S = 300.0


@dataclass(frozen=True, slots=True)
class Stop:
    """One stop: when, in which step, and how long until the claim was free."""

    build: int
    step: str
    after_s: float
    free_s: float


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    arguments.add_argument("--rounds", type=int, default=10)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--articles", type=int, default=1000)
    options = arguments.parse_args()
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory(prefix="navab-stops-") as name:
        folder = Path(name)
        draw_articles(folder / "articles", options.articles)
        started = time.monotonic()
        navab("run", "--config", _configuration(folder, "reference"))
        length = time.monotonic() - started
        print(f"undisturbed: {length:.0f} s", flush=True)
        expected = tables(folder / "reference")
        stops: list[Stop] = []
        builds, different = 1, list[str]()
        with ray_head() as head:
            while len(stops) < options.rounds:
                lake = folder / f"lake-{builds}"
                stop = _stop(head, folder, builds, chance.uniform(0, 2.5 * length / options.rounds))
                if stop is None:
                    different += _differences(lake, expected)
                    builds += 1
                    continue
                stops.append(stop)
                print(
                    f"| {len(stops)} | {stop.build} | {stop.step} | {stop.after_s:.1f} | {stop.free_s:.1f} |",
                    flush=True,
                )
            done = head.submit(folder, "--config", str(_configuration(folder, f"lake-{builds}")))
        if done.returncode != 0:
            print(done.stdout, done.stderr)
            return 1
        different += _differences(folder / f"lake-{builds}", expected)
    line("longest time until the claim was free, s", max(stop.free_s for stop in stops), FREE_S)
    print(f"builds {builds}, tables that differ: {', '.join(different) or 'none'}")
    return 1 if different or any(stop.free_s > FREE_S for stop in stops) else 0


def _configuration(folder: Path, lake: str) -> Path:
    path = folder / f"{lake}.yaml"
    document = {
        "lake": str(folder / lake),
        "nations": list(NATIONS),
        "sources": [{"path": f"{folder}/articles/*.jsonl.gz", "crawl": "first"}],
        "resources": {"num_cpus": 2, "unit_rows": 64},
    }
    path.write_text(yaml.safe_dump(document), "utf-8")
    return path


def _stop(head: Head, folder: Path, build: int, after_s: float) -> Stop | None:
    """Submit the job of a build and stop it some time after it took the claim; None if it was done before."""
    storage = Storage(str(folder / f"lake-{build}"))
    before = latest_claim(storage)
    job = head.start(folder, "--config", str(_configuration(folder, f"lake-{build}")))
    deadline = time.monotonic() + PATIENCE_S
    while (claim := latest_claim(storage)) is None or (before is not None and claim.epoch == before.epoch):
        if head.status(job) == "FAILED" or time.monotonic() > deadline:
            raise RuntimeError(f"job {job} did not take the claim:\n{head.logs(job)}")
        time.sleep(POLL_S)
    time.sleep(after_s)
    step = _current(storage).stage
    started = time.monotonic()
    if head.status(job) == "SUCCEEDED":
        return None
    head.stop(job)
    while not (claim := _current(storage)).released and claim.is_live():
        time.sleep(POLL_S)
    freed = time.monotonic() - started
    return None if head.status(job) == "SUCCEEDED" else Stop(build, step, after_s, freed)


def _current(storage: Storage) -> ClaimRecord:
    claim = latest_claim(storage)
    assert claim is not None
    return claim


def _differences(lake: Path, expected: dict[str, pl.DataFrame]) -> list[str]:
    """Tables that are not those of the undisturbed build."""
    found = tables(lake)
    return [f"{lake.name} {name}" for name in expected if not found[name].equals(expected[name])]


if __name__ == "__main__":
    sys.exit(main())
