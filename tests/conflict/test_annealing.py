"""Annealing: consistent, the same for any order, nothing to gain by one move, and the optimum where it is known."""

from __future__ import annotations

import random

import pytest

from benchmarks.support.disputes import Weights, random_dispute
from navab.conflict.annealing import annealed_set
from navab.conflict.branch_and_bound import heaviest_set
from navab.conflict.graph import Graph
from navab.conflict.local_search import improved_set


def total(chosen: frozenset[int], weights: Weights) -> float:
    return sum(weights[node] for node in sorted(chosen))


def check(chosen: frozenset[int], graph: Graph, weights: Weights) -> None:
    """Consistent, and no statement left out weighs more than the chosen ones that contradict it."""
    assert not any(graph[node] & chosen for node in chosen)
    for node in graph.keys() - chosen:
        assert weights[node] <= total(graph[node] & chosen, weights) + 1e-6


@pytest.mark.parametrize("degree", [2.0, 4.0, 8.0])
@pytest.mark.parametrize("seed", range(4))
def test_small_graphs_reach_the_optimum(degree: float, seed: int) -> None:
    dispute = random_dispute(40, degree, seed)
    chosen = annealed_set(list(dispute.graph), dispute.graph, dispute.weights)
    check(chosen, dispute.graph, dispute.weights)
    best = heaviest_set(dispute.graph, dispute.graph, dispute.weights)
    assert total(chosen, dispute.weights) == pytest.approx(total(best, dispute.weights))


@pytest.mark.parametrize("weight", [0.0, 1e-6, 1.0, 1e6])
def test_equal_weights_of_any_size_reach_the_optimum(weight: float) -> None:
    graph = random_dispute(40, 4, seed=1).graph
    chosen = annealed_set(list(graph), graph, dict.fromkeys(graph, weight))
    check(chosen, graph, dict.fromkeys(graph, weight))
    if weight:
        assert len(chosen) == len(heaviest_set(graph, graph, dict.fromkeys(graph, 1.0)))


def test_the_order_of_nodes_does_not_matter() -> None:
    dispute = random_dispute(90, 6, seed=3)
    nodes = list(dispute.graph)
    chosen = annealed_set(nodes, dispute.graph, dispute.weights)
    check(chosen, dispute.graph, dispute.weights)
    random.Random(5).shuffle(nodes)
    assert annealed_set(nodes, dispute.graph, dispute.weights) == chosen


@pytest.mark.parametrize("seed", range(3))
def test_local_search_loses_nothing_of_what_it_starts_from(seed: int) -> None:
    dispute = random_dispute(60, 6, seed)
    nodes = sorted(dispute.graph)
    for start in (frozenset[int](), heaviest_set(nodes[:30], dispute.graph, dispute.weights)):
        improved = improved_set(start, nodes, dispute.graph, dispute.weights)
        check(improved, dispute.graph, dispute.weights)
        assert total(improved, dispute.weights) >= total(start, dispute.weights)
        assert improved_set(start, nodes[::-1], dispute.graph, dispute.weights) == improved
