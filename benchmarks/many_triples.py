"""A hundred thousand triples and a scorer that costs nothing: memory must stay flat, and the pace the same.

python -m benchmarks.many_triples [--triples 100000]     some minutes; in multiple choice, both orders

What is measured is all that `navab evaluate` does besides the model: texts are read, prompts made, outcomes kept unit
by unit and committed. Each tenth of the triples is timed, with the memory of the process at its end. The pace is in
seconds of CPU, so that other work on the machine does not count.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import fsspec
import psutil

from benchmarks.support.known_answers import Scripted
from benchmarks.support.measure import line
from navab.configuration import Configuration
from navab.evaluate import Model, ask, evaluate_run
from navab.evaluation.run import Run
from navab.evaluation.scorers.base import Choice, Scored
from navab.nations.registry import Registry
from navab.options.evaluation import EvaluationSection, ModelSection
from navab.pipeline import open_lake
from navab.release.build import ReleaseInputs, ReleaseOptions, build_release
from navab.release.find import find_release
from navab.view import View
from tests.release.conftest import frame, triple

TENTHS = 10
LEAST_PACE = 0.8  # of the last five tenths, in terms of the first five
MOST_GROWTH_MB = 64.0
_ORDERS = 2
_MB = 1 << 20


@dataclass
class Watched(Scripted):
    """Picks at random, and notes time and memory whenever a tenth of the triples has been asked."""

    every: int = 1
    scored: int = 0
    seconds: list[float] = field(default_factory=list)  # of CPU, since the process began
    memory: list[float] = field(default_factory=list)

    def score(self, choices: Sequence[Choice]) -> list[tuple[Scored, ...]]:
        before = self.scored // self.every
        self.scored += len(choices)
        if self.scored // self.every > before:
            self.seconds.append(time.process_time())
            self.memory.append(psutil.Process().memory_info().rss / _MB)
        return super().score(choices)


def measure(count: int, folder: Path) -> bool:
    """Print the tenths and the two figures; whether both are within their limits."""
    _write_release(folder / "lake", count)
    configuration = Configuration(lake=str(folder / "lake"))
    view = View(open_lake(configuration), configuration, Registry.bundled(), {}, {})
    release, options = find_release(view.lake.storage, "many"), EvaluationSection(split="all", baselines=False)
    model = Model(ModelSection(model="stub", kind="http", url="http://127.0.0.1:1/v1"))
    stub = model.scorer = Watched("random", every=_ORDERS * count // TENTHS)
    run = Run("many", release.manifest.fingerprint, model.name, "mc", "debiased", "full")
    questions = ask(view.lake, release, options)
    stub.seconds.append(time.process_time())
    record = evaluate_run(view, run, questions, model, None, release, options)
    print(f"{record.triples:,} triples in {record.seconds:,.1f} s: {record.triples / record.seconds:,.0f} triples/s")
    return _report(stub, record.triples)


def _write_release(lake: Path, count: int) -> None:
    rows = [triple(number, "cn" if number % 2 else "uk", triple_id=number * 7919) for number in range(1, count + 1)]
    inputs = ReleaseInputs(triples=frame(rows), nations=["uk", "cn"])
    build_release(inputs, ReleaseOptions(name="many"), fsspec.filesystem("file"), str(lake / "releases" / "many"))


def _report(stub: Watched, count: int) -> bool:
    paces = [count / TENTHS / (end - start) for start, end in pairwise(stub.seconds)]
    for tenth, (pace, memory) in enumerate(zip(paces, stub.memory, strict=True), 1):
        print(f"tenth {tenth:>2}: {pace:8,.0f} triples/s of CPU  {memory:8,.0f} MB")
    half = TENTHS // 2
    # By the second tenth Arrow and the allocators have the memory that they keep.
    growth, pace = stub.memory[-1] - stub.memory[1], sum(paces[half:]) / sum(paces[:half])
    line("memory, last tenth less second, MB", growth, MOST_GROWTH_MB)
    line("pace, last five tenths by first five", pace, LEAST_PACE, least=True)
    return growth <= MOST_GROWTH_MB and pace >= LEAST_PACE


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--triples", type=int, default=100_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return 0 if measure(arguments.triples, Path(folder)) else 1


if __name__ == "__main__":
    raise SystemExit(main())
