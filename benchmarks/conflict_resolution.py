"""Resolution of conflicts: weight kept, against the optimum or bound of an integer programme (issue 7).

python benchmarks/conflict_resolution.py       about 5 minutes
"""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Mapping

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import lil_array

from navab.conflict.graph import Graph, build_graph, components
from navab.conflict.resolution import dominant_stance

SIZE = 500
LIMIT = 0.97
SOLVER_SECONDS = 60


def main() -> None:
    print(f"graphs of {SIZE} statements; bound: integer programme over the edges, at most {SOLVER_SECONDS} s")
    for degree, noise in itertools.product((3, 10, 40), (0.0, 0.05, 0.2)):
        _compare(f"two stances, degree {degree}, noise {noise}", _two_stances(degree, noise))
    for degree in (2, 3, 4, 6, 8):
        _compare(f"random, degree {degree}", _random(degree))


def _two_stances(degree: float, noise: float) -> Graph:
    """Contradictions lie between two sides, and a few (by mistake of the judge) within."""
    chance = random.Random(1)
    side = [chance.random() < 0.35 for _ in range(SIZE)]
    share = {False: noise * degree / SIZE, True: 2 * degree / SIZE}
    pairs = itertools.combinations(range(SIZE), 2)
    return build_graph([(a, b) for a, b in pairs if chance.random() < share[side[a] != side[b]]])


def _random(degree: float) -> Graph:
    chance = random.Random(2)
    return build_graph([pair for pair in itertools.combinations(range(SIZE), 2) if chance.random() < degree / SIZE])


def _compare(name: str, graph: Graph) -> None:
    chance = random.Random(3)
    weights = {node: chance.randint(1, 9) + chance.choice([0, 0.25, 0.5, 0.75]) for node in sorted(graph)}
    started = time.monotonic()
    stances = [dominant_stance(part, graph, weights) for part in components(graph)]
    seconds = time.monotonic() - started
    weight, own_bound = sum(one.weight for one in stances), sum(one.bound for one in stances)
    found, bound = _solver(graph, weights)
    ratio = weight / bound
    verdict = "holds" if ratio >= LIMIT else "below" if found < 0.999 * bound else "FAILS"
    print(
        f"{name:<36} kept {weight:8.2f}  solver {found:8.2f}  its bound {bound:8.2f}  ratio {ratio:.4f} "
        f"(at least {LIMIT})  own bound {own_bound:8.2f}  {seconds:5.1f} s  {verdict}",
        flush=True,
    )


def _solver(graph: Graph, weights: Mapping[int, float]) -> tuple[float, float]:
    """The weight that the integer programme finds, and its bound."""
    place = {node: index for index, node in enumerate(sorted(graph))}
    edges = [(place[a], place[b]) for a in place for b in graph[a] if a < b]
    rows = lil_array((len(edges), len(place)))
    for row, (a, b) in enumerate(edges):
        rows[row, a] = rows[row, b] = 1
    solved = milp(
        -np.array([weights[node] for node in place]),
        integrality=np.ones(len(place)),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(rows.tocsr(), -np.inf, 1),
        options={"mip_rel_gap": 0.0, "time_limit": SOLVER_SECONDS},
    )
    return float(-solved.fun), float(-solved.mip_dual_bound)


if __name__ == "__main__":
    main()
