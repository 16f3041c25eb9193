"""Graphs of contradictions, made for measuring, and what an integer programme makes of them."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import lil_array

from navab.conflict.graph import Graph, build_graph, components
from navab.conflict.resolution import dominant_stance

Weights = dict[int, float]


@dataclass(frozen=True, slots=True)
class Dispute:
    """Statements that contradict each other, and what they weigh."""

    graph: Graph
    weights: Weights


@dataclass(frozen=True, slots=True)
class Solution:
    """The weight of a consistent set, and a bound that no consistent set exceeds."""

    weight: float
    bound: float


def random_dispute(size: int, degree: float, seed: int) -> Dispute:
    """Any two statements contradict each other with the same chance."""
    chance = random.Random(seed)
    pairs = itertools.combinations(range(size), 2)
    return _weighed([pair for pair in pairs if chance.random() < degree / (size - 1)], chance)


def two_stances(size: int, degree: float, noise: float, seed: int) -> Dispute:
    """Contradictions lie between two sides, and a few (by mistake of the judge) within."""
    chance = random.Random(seed)
    side = [chance.random() < 0.35 for _ in range(size)]
    share = {False: noise * degree / size, True: 2 * degree / size}
    pairs = itertools.combinations(range(size), 2)
    return _weighed([(a, b) for a, b in pairs if chance.random() < share[side[a] != side[b]]], chance)


def _weighed(edges: list[tuple[int, int]], chance: random.Random) -> Dispute:
    graph = build_graph(edges)
    return Dispute(graph, {node: chance.choice([1.0, 1.25, 1.5, 2.0]) + chance.randrange(4) for node in sorted(graph)})


def resolved(dispute: Dispute) -> Solution:
    """What navab retains; raises AssertionError if two retained statements contradict each other."""
    stances = [dominant_stance(part, dispute.graph, dispute.weights) for part in components(dispute.graph)]
    for one in stances:
        assert not any(dispute.graph[node] & one.retained for node in one.retained)
    return Solution(sum(one.weight for one in stances), sum(one.bound for one in stances))


def optimum(dispute: Dispute, seconds: float = 60) -> Solution:
    """What an integer programme over the edges finds within a time, and its bound (HiGHS)."""
    nodes = sorted(dispute.graph)
    if not nodes:
        return Solution(0.0, 0.0)
    place = {node: index for index, node in enumerate(nodes)}
    edges = [(place[a], place[b]) for a in nodes for b in dispute.graph[a] if a < b]
    rows = lil_array((len(edges), len(nodes)))
    for row, (a, b) in enumerate(edges):
        rows[row, a] = rows[row, b] = 1
    solved = milp(
        -np.array([dispute.weights[node] for node in nodes]),
        integrality=np.ones(len(nodes)),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(rows.tocsr(), -np.inf, 1),
        options={"mip_rel_gap": 0.0, "time_limit": seconds},
    )
    return Solution(float(-solved.fun), float(-solved.mip_dual_bound))
