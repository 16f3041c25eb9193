"""A build through a bad network: the run finishes, and its tables and release are those of a good network.

python benchmarks/faulty_network.py --articles 3000 --seed 1

A proxy stands between navab and a real S3 server (SeaweedFS): latency, resets before and after the store has done its
work, lost answers (above all those of conditional writes), 503 and 500, half answers, slow answers, silence. Needs the
shared data (../shared/data).
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.support.faulty_proxy import CONDITIONAL_RATES, RATES, FaultyProxy
from benchmarks.support.lakes import Comparison, compare
from benchmarks.support.stand import RELEASE, Reference, Stand, real_stand

LIMIT_S = 3600.0
KINDS = ("GET", "HEAD", "PUT", "conditional PUT", "POST", "DELETE")


@dataclass(frozen=True)
class Outcome:
    """What a build through a faulty network gave."""

    code: int | None
    seconds: float
    comparison: Comparison
    same_release: bool
    missing: int
    proxy: FaultyProxy

    @property
    def passed(self) -> bool:
        return self.code == 0 and self.comparison.equal and self.same_release and not self.missing


def faulty_build(stand: Stand, reference: Reference, seed: int, scale: float = 1.0) -> Outcome:
    """Build a lake through the proxy; `scale` multiplies all rates."""
    lake = stand.lake(f"faulty-{seed}")
    rates = {fault: rate * scale for fault, rate in RATES.items()}
    conditional = {fault: rate * scale for fault, rate in CONDITIONAL_RATES.items()}
    started = time.monotonic()
    with FaultyProxy(stand.server.endpoint, seed, rates, conditional) as proxy:
        run = stand.start(lake, proxy.endpoint)
        code = run.wait(LIMIT_S)
        run.end()
    seconds = time.monotonic() - started
    if code != 0:
        return Outcome(code, seconds, Comparison(0, 0, (f"see {run.log}",)), False, 0, proxy)
    same = lake.releases() == [RELEASE] and lake.release(RELEASE) == reference.release
    return Outcome(code, seconds, compare(reference.tables, lake.tables()), same, len(lake.missing_files()), proxy)


def table(outcome: Outcome, reference: Reference, seed: int) -> str:
    """Faults by kind and request as a Markdown table, and a summary line."""
    proxy = outcome.proxy
    lines = [
        f"| seed {seed} | {' | '.join(KINDS)} | all |",
        f"|---|{'---:|' * (len(KINDS) + 1)}",
        _row("requests", [proxy.requests[kind] for kind in KINDS]),
        *(_row(fault, [proxy.faults[fault, kind] for kind in KINDS]) for fault in RATES),
    ]
    comparison = outcome.comparison
    return "\n".join(
        [
            *lines,
            "",
            f"exit code {outcome.code} after {outcome.seconds:.0f} s ({reference.seconds:.0f} s undisturbed); "
            f"{sum(proxy.faults.values()):,} faults in {sum(proxy.requests.values()):,} requests; rows lost "
            f"{comparison.lost}, doubled {comparison.doubled}; tables that differ: "
            f"{', '.join(comparison.differing) or 'none'}; release {'equal' if outcome.same_release else 'DIFFERS'}: "
            f"{'holds' if outcome.passed else 'FAILS'}",
        ]
    )


def _row(name: str, counts: list[int]) -> str:
    return f"| {name} | {' | '.join(f'{count:,}' for count in [*counts, sum(counts)])} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scale", type=float, default=1.0, help="Multiplies all rates of faults.")
    parser.add_argument("--folder", type=Path, default=Path("/tmp/navab-faulty"), help="For the store and the logs.")
    options = parser.parse_args()
    with real_stand(options.folder, options.articles) as stand:
        reference = stand.build_reference(LIMIT_S)
        outcome = faulty_build(stand, reference, options.seed, options.scale)
    print(table(outcome, reference, options.seed))
    sys.exit(0 if outcome.passed else 1)


if __name__ == "__main__":
    main()
