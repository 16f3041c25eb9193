"""Resolution of conflicts: weight kept, against the optimum or bound of an integer programme (issue 7, figure 4).

python benchmarks/conflict_resolution.py       about 8 minutes

Where the solver does not reach its own bound, that of odd cycles is taken if it is less.
"""

from __future__ import annotations

import itertools
import random
import time

from benchmarks.support.disputes import Dispute, optimum, random_dispute, resolved, two_stances
from benchmarks.support.measure import line
from benchmarks.support.odd_cycles import odd_cycle_bound
from navab.conflict.resolution import EXACT_LIMIT

SMALL_GRAPHS = 500
SIZE = 500
LIMIT = 0.97
SOLVER_SECONDS = 60


def main() -> None:
    line(f"{SMALL_GRAPHS} graphs of up to {EXACT_LIMIT}: share at the optimum", _exact(), 1.0, least=True)
    print(f"graphs of {SIZE} statements; bound: integer programme over the edges, at most {SOLVER_SECONDS} s")
    for degree, noise in itertools.product((3, 10, 40), (0.0, 0.05, 0.2)):
        _compare(f"two stances, degree {degree}, noise {noise}", two_stances(SIZE, degree, noise, seed=1))
    for degree in (2, 3, 4, 6, 8):
        _compare(f"random, degree {degree}", random_dispute(SIZE, degree, seed=2))


def _exact() -> float:
    """Share of random graphs up to the exact limit of which the greatest weight is kept."""
    chance = random.Random(7)
    reached = 0
    for seed in range(SMALL_GRAPHS):
        dispute = random_dispute(chance.randint(2, EXACT_LIMIT), chance.choice([1.0, 2.0, 4.0, 8.0]), seed)
        reached += abs(resolved(dispute).weight - optimum(dispute).weight) < 1e-5
    return reached / SMALL_GRAPHS


def _compare(name: str, dispute: Dispute) -> None:
    started = time.monotonic()
    ours = resolved(dispute)
    seconds = time.monotonic() - started
    solver = optimum(dispute, SOLVER_SECONDS)
    bound = solver.bound
    if ours.weight < LIMIT * bound and solver.weight < 0.999 * bound:  # the solver's own bound is loose
        bound = min(bound, odd_cycle_bound(dispute))
    ratio = ours.weight / bound
    verdict = "holds" if ratio >= LIMIT else "below" if solver.weight < 0.999 * bound else "FAILS"
    print(
        f"{name:<36} kept {ours.weight:8.2f}  solver {solver.weight:8.2f}  its bound {solver.bound:8.2f}  "
        f"least bound {bound:8.2f}  ratio {ratio:.4f} (at least {LIMIT})  own bound {ours.bound:8.2f}  "
        f"{seconds:5.1f} s  {verdict}",
        flush=True,
    )


if __name__ == "__main__":
    main()
