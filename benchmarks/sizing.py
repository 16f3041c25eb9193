"""The sizing model: fitted on small runs, does it predict one three times as large as any of them?

python benchmarks/sizing.py --articles 600 1800 3000

Runs lakes of real articles of these sizes, fits start and time an article of every step, predicts a run of three times
the largest size from the number of its articles alone, and makes it. Then prints what 10^5 to 10^8 articles take.
Figure 6 of issue 10; times need a quiet machine.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from benchmarks.support.articles import NATIONS, draw_articles
from benchmarks.support.measure import line
from navab.execution.runs import RunRecord
from navab.execution.sizing import StepCost, fit
from tests.lakes import navab

LARGER = 3
LIMIT = 0.25
CPUS = 2
SIZES = (10**5, 10**6, 10**7, 10**8)


@dataclass(frozen=True)
class Run:
    """One run: articles that were drawn, its record, and the bytes of its lake."""

    articles: int
    record: RunRecord
    lake_bytes: int

    @property
    def seconds(self) -> dict[str, float]:
        """Seconds of every step."""
        return {step.step: step.seconds for step in self.record.steps}


def main() -> int:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--articles", type=int, nargs="+", default=[600, 1800, 3000])
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="navab-sizing-") as name:
        runs = [_run(Path(name), count) for count in sorted(options.articles)]
        fitted = fit_steps(runs)
        target = LARGER * runs[-1].articles
        predicted = predict(fitted, target)
        largest = _run(Path(name), target)
    for step, cost in fitted.items():
        print(f"{step:<16} start {cost.start_s:7.2f} s, an article {1000 * cost.row_s:8.3f} ms")
    measured = sum(step.seconds for step in largest.record.steps)
    line(f"predicted against measured seconds, {target:,} articles", predicted / measured, 1 + LIMIT)
    line("the same, from below", predicted / measured, 1 - LIMIT, least=True)
    print(f"predicted {predicted:.0f} s, measured {measured:.0f} s")
    _table([*runs, largest])
    return 0 if abs(predicted / measured - 1) <= LIMIT else 1


def fit_steps(runs: Sequence[Run]) -> dict[str, StepCost]:
    """The cost of every step by the number of articles of the run: the only thing that is known beforehand."""
    steps = [step.step for step in runs[0].record.steps]
    return {
        name: fit([run.articles for run in runs], [run.seconds[name] for run in runs])
        for name in steps
        if all(run.seconds.get(name) for run in runs)
    }


def predict(fitted: Mapping[str, StepCost], articles: int) -> float:
    """Seconds of a run of so many articles."""
    return sum(cost.seconds(articles) for cost in fitted.values())


def _run(folder: Path, articles: int) -> Run:
    """Build a lake of so many articles from nothing."""
    place = folder / str(articles)
    files = draw_articles(place / "articles", articles)
    drawn = sum(gzip.decompress(path.read_bytes()).count(b"\n") for path in files)
    if drawn != articles:
        sys.exit(f"sizing: of {articles:,} articles only {drawn:,} can be drawn evenly over the nations: ask for fewer")
    document = {
        "lake": str(place / "lake"),
        "nations": list(NATIONS),
        "sources": [{"path": f"{place}/articles/*.jsonl.gz", "crawl": "first"}],
        "resources": {"num_cpus": CPUS},
    }
    (place / "navab.yaml").write_text(yaml.safe_dump(document), "utf-8")
    navab("run", "--config", place / "navab.yaml")
    record = RunRecord.model_validate(json.loads(sorted((place / "lake" / "runs").iterdir())[-1].read_text("utf-8")))
    size = sum(path.stat().st_size for path in (place / "lake").rglob("*") if path.is_file())
    print(f"{articles:,} articles: {record.seconds:.1f} s, lake {size / 2**20:.1f} MB", flush=True)
    return Run(articles, record, size)


def _table(runs: list[Run]) -> None:
    """What large runs take, by all runs: hours of one logical CPU, and storage."""
    fitted = fit_steps(runs)
    bytes_each = runs[-1].lake_bytes / runs[-1].articles
    print("| articles | CPU hours | on 16 CPUs | on 256 CPUs | lake |")
    print("|---:|---:|---:|---:|---:|")
    for size in SIZES:
        hours = predict(fitted, size) * CPUS / 3600
        cells = (
            f"{hours:,.1f}",
            f"{hours / 16:,.1f} h",
            f"{hours / 256:,.1f} h",
            f"{size * bytes_each / 2**30:,.0f} GB",
        )
        print(f"| {size:,} | {' | '.join(cells)} |")


if __name__ == "__main__":
    sys.exit(main())
