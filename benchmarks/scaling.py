"""Scaling of the CPU stages over 1, 2 and 3 worker hosts of 0.4 core each, and what the driver takes.

python benchmarks/scaling.py --articles 12000 --unit-rows 100

Workers are hosts in network namespaces with a quota of 0.4 core (tests/hosts.py); the head has none and runs no unit.
The same real articles are read, hashed and embedded with each number of workers, on SeaweedFS. Efficiency is the rate
with n workers against n times the rate with one. Figure 2 of issue 10; needs root and a quiet machine.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.hosts import Stand
from benchmarks.support.articles import NATIONS, draw_articles
from benchmarks.support.measure import line
from navab.execution.runs import RunRecord
from navab.lake.claim import ClaimRecord
from tests.hosts import connected_hosts, why_no_quotas, why_not
from tests.s3.server import BUCKET, Server

CORES = 0.4
WORKERS = (1, 2, 3)
STEPS = ("signatures", "embeddings")  # row stages that scale with the number of units
LEAST_EFFICIENCY, LIMIT_DRIVER = 0.8, 0.05


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds of the measured steps, of the whole run, and of the driver's own work."""

    workers: int
    steps_s: float
    run_s: float
    driver_s: float


def main() -> int:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--articles", type=int, default=1500)
    arguments.add_argument("--unit-rows", type=int, default=25)
    arguments.add_argument("--workers", type=int, nargs="+", default=WORKERS, choices=WORKERS)
    options = arguments.parse_args()
    reason = why_not() or why_no_quotas()
    if reason is not None:
        print(f"scaling: {reason}")
        return 2
    with tempfile.TemporaryDirectory(prefix="navab-scaling-") as name:
        folder = Path(name)
        draw_articles(folder / "articles", options.articles)
        document = {
            "nations": list(NATIONS),
            "sources": [{"path": f"s3://{BUCKET}/articles/*.jsonl.gz", "crawl": "first"}],
            "resources": {"unit_rows": options.unit_rows},
        }
        with connected_hosts(folder, 1 + max(WORKERS)) as hosts:
            server = Server(folder / "store", host=hosts.gateway)
            hosts.environment.update(server.environment)
            server.start()
            try:
                server.files.put(f"{folder}/articles/", f"{BUCKET}/articles/", recursive=True)
                for worker in hosts.workers:
                    worker.cores = CORES
                stand = Stand(hosts, server, folder, document)
                found = [_measure(stand, count) for count in options.workers]
            finally:
                server.stop()
    return _report(found)


def _measure(stand: Stand, workers: int) -> Measured:
    """Run on a fresh lake with so many workers."""
    lake = f"workers-{workers}"
    stand.hosts.start(head_cpus=0, workers=workers)
    job = stand.submit(lake, "--until", "embeddings")
    driver = 0.0
    while (status := stand.hosts.jobs.status(job)) in ("PENDING", "RUNNING"):
        driver = max(driver, _driver_seconds(stand, lake))
        time.sleep(0.5)
    if status != "SUCCEEDED":
        raise RuntimeError(stand.hosts.jobs.logs(job)[-4000:])
    stand.hosts.stop()
    files = stand.server.files
    record = RunRecord.model_validate_json(files.cat_file(sorted(files.find(f"{BUCKET}/{lake}/runs"))[-1]))
    steps = sum(step.seconds for step in record.steps if step.step in STEPS)
    made = Measured(workers, steps, record.seconds, driver)
    print(f"{workers} workers: {STEPS} {steps:.1f} s, run {record.seconds:.1f} s, driver {driver:.1f} s", flush=True)
    return made


def _driver_seconds(stand: Stand, lake: str) -> float:
    """CPU time of the driver so far: the process that holds the claim."""
    files = stand.server.files
    claims = sorted(path for path in files.find(f"{BUCKET}/{lake}/claims") if path.endswith(".json"))
    if not claims:
        return 0.0
    claim = ClaimRecord.model_validate_json(files.cat_file(claims[-1]))
    try:
        times = psutil.Process(claim.pid).cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


def _report(found: list[Measured]) -> int:
    one = found[0]
    held = True
    for made in found[1:]:
        efficiency = one.workers * one.steps_s / (made.workers * made.steps_s)
        line(f"efficiency with {made.workers} workers", efficiency, LEAST_EFFICIENCY, least=True)
        held = held and efficiency >= LEAST_EFFICIENCY
    share = max(made.driver_s / made.run_s for made in found)
    line("driver's CPU time as a share of the run, greatest", share, LIMIT_DRIVER)
    return 0 if held and share <= LIMIT_DRIVER else 1


if __name__ == "__main__":
    sys.exit(main())
