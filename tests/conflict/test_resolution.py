"""Resolution: the dominant stance is consistent, and no consistent stance weighs more."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.support.disputes import Dispute, Weights, optimum, random_dispute, resolved, two_stances
from benchmarks.support.odd_cycles import odd_cycle_bound
from navab.conflict.graph import Graph, build_graph, components
from navab.conflict.resolution import EXACT_LIMIT, dominant_stance


@st.composite
def disputes(draw: st.DrawFn, largest: int = 11) -> tuple[list[tuple[int, int]], Weights]:
    """Contradictions among a few statements, and their weights, many of them equal."""
    size = draw(st.integers(2, largest))
    names = draw(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=size, max_size=size, unique=True))
    pairs = list(itertools.combinations(names, 2))
    edges = draw(st.lists(st.sampled_from(pairs), min_size=1, unique=True))
    weight = st.sampled_from([1.0, 1.25, 1.5, 2.0, 3.75]) | st.floats(0.5, 4, width=32)
    return edges, {name: draw(weight) for name in names}


def is_consistent(chosen: frozenset[int], graph: Graph) -> bool:
    return not any(graph[node] & chosen for node in chosen)


def total(chosen: frozenset[int], weights: Weights) -> float:
    return sum(weights[node] for node in sorted(chosen))


def heaviest(component: list[int], graph: Graph, weights: Weights) -> float:
    subsets = itertools.chain.from_iterable(itertools.combinations(component, n) for n in range(len(component) + 1))
    return max(total(frozenset(one), weights) for one in subsets if is_consistent(frozenset(one), graph))


@given(disputes())
def test_no_consistent_stance_weighs_more(dispute: tuple[list[tuple[int, int]], Weights]) -> None:
    edges, weights = dispute
    graph = build_graph(edges)
    for component in components(graph):
        chosen = dominant_stance(component, graph, weights).retained
        assert is_consistent(chosen, graph)
        assert total(chosen, weights) == pytest.approx(heaviest(component, graph, weights), abs=1e-6)


@given(disputes(), st.randoms(use_true_random=False))
def test_the_order_of_contradictions_does_not_matter(
    dispute: tuple[list[tuple[int, int]], Weights], chance: random.Random
) -> None:
    edges, weights = dispute
    shuffled = [chance.choice([(a, b), (b, a)]) for a, b in chance.sample(edges, len(edges))]
    results = []
    for one in (edges, shuffled):
        graph = build_graph(one)
        results.append([(part, dominant_stance(part, graph, weights)) for part in components(graph)])
    assert results[0] == results[1]


@pytest.mark.parametrize("seed", range(4))
def test_nor_does_it_in_components_that_are_too_large_to_solve_exactly(seed: int) -> None:
    """Ids that meet in the same places of a hash table, which then lists them in the order in which they came."""
    chance = random.Random(seed)
    names = [4096 * number for number in range(1, 2 * EXACT_LIMIT)]
    edges = [pair for pair in itertools.combinations(names, 2) if chance.random() < 5 / len(names)]
    results = []
    for one in (edges, chance.sample(edges, len(edges)), edges[::-1]):
        graph = build_graph(one)
        weights = dict.fromkeys(graph, 1.0)
        results.append([dominant_stance(part, graph, weights) for part in components(graph)])
    assert results[0] == results[1] == results[2]


@given(disputes())
def test_components_hang_together_and_not_with_others(dispute: tuple[list[tuple[int, int]], Weights]) -> None:
    edges, _ = dispute
    graph = build_graph(edges)
    found = list(components(graph))
    assert sorted(itertools.chain.from_iterable(found)) == sorted(graph)
    assert [part[0] for part in found] == sorted(min(part) for part in found)
    home = {node: part[0] for part in found for node in part}
    assert all(home[a] == home[b] for a, b in edges)
    assert all(len(part) == 1 or all(graph[node] & set(part) for node in part) for part in found)


def resolve(edges: list[tuple[int, int]], weights: Weights | None = None) -> set[int]:
    graph = build_graph(edges)
    weights = weights or dict.fromkeys(graph, 1.0)
    return set(
        itertools.chain.from_iterable(dominant_stance(part, graph, weights).retained for part in components(graph))
    )


def test_examples() -> None:
    assert resolve([(1, 2)], {1: 1.0, 2: 2.0}) == {2}
    assert resolve([(1, 2), (1, 3), (1, 4)]) == {2, 3, 4}
    assert resolve([(1, 2), (1, 3), (1, 4)], {1: 4.0, 2: 1.0, 3: 1.0, 4: 1.0}) == {1}
    assert resolve([(1, 2), (3, 4)]) == {1, 3}


def test_ties_fall_to_the_smaller_ids() -> None:
    assert resolve([(2, 1)]) == {1}
    assert resolve([(1, 2), (2, 3), (3, 4)]) == {1, 3}
    assert resolve([(1, 2), (2, 3), (3, 1)]) == {1}


def test_statements_without_weight_are_retained_unless_a_retained_one_contradicts_them() -> None:
    assert resolve([(1, 2)], {1: 0.0, 2: 0.0}) == {1}
    assert resolve([(1, 2), (2, 3)], {1: 0.0, 2: 0.0, 3: 1.0}) == {1, 3}
    ring = [(node, (node + 1) % 99) for node in range(99)]
    chosen = resolve(ring, {node: float(node % 3 == 0) for node in range(99)})
    assert all(node in chosen or {(node - 1) % 99, (node + 1) % 99} & chosen for node in range(99))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("share", [0.0, 0.05, 0.15])
def test_the_largest_exact_component_ends(share: float, seed: int) -> None:
    """Sparse graphs of equal weights are the hard ones: a plain branch and bound takes minutes for a path of 40."""
    chance = random.Random(seed)
    ring = [(node, (node + 1) % EXACT_LIMIT) for node in range(EXACT_LIMIT)]
    chords = [pair for pair in itertools.combinations(range(EXACT_LIMIT), 2) if chance.random() < share]
    graph = build_graph(ring + chords)
    chosen = dominant_stance(range(EXACT_LIMIT), graph, dict.fromkeys(graph, 1.0)).retained
    assert is_consistent(chosen, graph)
    assert all(node in chosen or graph[node] & chosen for node in graph)
    assert len(chosen) == EXACT_LIMIT / 2 or chords


@pytest.mark.parametrize("seed", range(4))
def test_large_components_are_consistent_and_cannot_be_mended_by_one_swap(seed: int) -> None:
    chance = random.Random(seed)
    size = 5 * EXACT_LIMIT
    edges = [(node, chance.randrange(node)) for node in range(1, size)]
    edges += [(chance.randrange(size), chance.randrange(size)) for _ in range(size)]
    graph = build_graph([(a, b) for a, b in edges if a != b])
    weights = {node: chance.choice([1.0, 1.5, 2.25]) for node in graph}
    (component,) = components(graph)
    chosen = dominant_stance(component, graph, weights).retained
    assert is_consistent(chosen, graph)
    for node in set(component) - chosen:
        assert weights[node] <= sum(weights[other] for other in graph[node] & chosen) + 1e-6


def test_500_random_graphs_up_to_the_exact_limit_reach_the_optimum() -> None:
    chance = random.Random(7)
    for seed in range(500):
        dispute = random_dispute(chance.randint(2, EXACT_LIMIT), chance.choice([1.0, 2.0, 4.0, 8.0]), seed)
        ours, best = resolved(dispute), optimum(dispute).weight
        assert ours.weight == pytest.approx(best, abs=1e-5), seed
        assert ours.bound == pytest.approx(best, abs=1e-5), seed


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("noise", [0.0, 0.05])
def test_500_statements_of_two_stances_reach_the_bound(noise: float, seed: int) -> None:
    dispute = two_stances(500, 6, noise, seed)
    ours, solver = resolved(dispute), optimum(dispute)
    assert ours.weight >= 0.97 * solver.bound
    assert solver.weight <= ours.bound + 1e-6


@pytest.mark.parametrize("seed", range(2))
def test_500_statements_that_contradict_at_random_come_near_the_bound(seed: int) -> None:
    dispute = random_dispute(500, 3, seed)
    ours, solver = resolved(dispute), optimum(dispute)
    assert ours.weight >= 0.97 * solver.bound
    assert solver.weight <= ours.bound + 1e-6


def test_the_bound_of_odd_cycles_is_a_bound_and_tight_on_rings() -> None:
    ring = build_graph([(node, (node + 1) % 7) for node in range(7)])
    assert odd_cycle_bound(Dispute(ring, dict.fromkeys(ring, 1.0))) == pytest.approx(3)
    for seed in range(20):
        dispute = random_dispute(30, 5, seed)
        assert odd_cycle_bound(dispute) >= optimum(dispute).weight - 1e-6
