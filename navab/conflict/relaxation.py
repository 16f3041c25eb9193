"""Linear programmes over independent sets: what every best set holds, and bounds on its weight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from navab.conflict.graph import Graph

# Up to so many cliques an integer programme is solved, with so many branches; above, its relaxation only.
_INTEGER_CLIQUES = 1_200
_INTEGER_BRANCHES = 50
_HALF = 0.25


@dataclass(frozen=True, slots=True)
class Bounded:
    """An upper bound on the weight of independent sets, and the best set that the solver met, if it met one."""

    bound: float
    chosen: frozenset[int]


def persistent(
    candidates: frozenset[int], graph: Graph, weights: Mapping[int, float]
) -> tuple[frozenset[int], frozenset[int]]:
    """Take the nodes that some best set holds for certain: those at 1 in the relaxation over edges.

    The relaxation's vertices are half-integral, and their ones and zeros are right (Nemhauser and Trotter 1975).
    Where the graph is bipartite, as two stances are, nothing is left. Returns the candidates that are left and the
    nodes that were taken.
    """
    ordered = sorted(candidates)
    edges = [[node, other] for node in ordered for other in sorted(graph[node] & candidates) if node < other]
    shares = _relax(ordered, edges, weights)
    if shares is None:
        return candidates, frozenset()
    left = frozenset(node for node, share in zip(ordered, shares, strict=True) if abs(share - 0.5) < _HALF)
    taken = frozenset(node for node, share in zip(ordered, shares, strict=True) if share >= 0.5 + _HALF)
    return left, taken


def bounded_set(nodes: Sequence[int], graph: Graph, weights: Mapping[int, float]) -> Bounded:
    """Bound the weight of independent sets: of nodes that all exclude each other at most one is chosen.

    Sparse graphs are given to an integer programme for a few branches, which often closes the gap.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp  # noqa: PLC0415  (only large components need it)

    ordered = sorted(nodes)
    cover = clique_cover(ordered, graph)
    integral = len(cover) <= _INTEGER_CLIQUES
    solved = milp(
        -np.array([weights[node] for node in ordered]),
        integrality=np.full(len(ordered), int(integral)),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(_incidence(ordered, cover), -np.inf, 1),
        options={"node_limit": _INTEGER_BRANCHES, "mip_rel_gap": 0.0},
    )
    bound = solved.mip_dual_bound if integral else solved.fun
    if bound is None:
        return Bounded(sum(weights[node] for node in ordered), frozenset())
    shares = solved.x if solved.x is not None and integral else np.zeros(len(ordered))
    chosen = frozenset(node for node, share in zip(ordered, shares, strict=True) if share > 0.5)
    consistent = not any(graph[node] & chosen for node in chosen)  # the solver works within tolerances
    return Bounded(float(-bound), chosen if consistent else frozenset())


def clique_cover(ordered: Sequence[int], graph: Graph) -> list[list[int]]:
    """Cliques that together hold every edge, grown greedily."""
    covered: set[tuple[int, int]] = set()
    cover = []
    for node in ordered:
        for other in sorted(graph[node]):
            if other < node or (node, other) in covered:
                continue
            clique = [node, other]
            common = graph[node] & graph[other]
            while common:
                grown = min(common)
                clique.append(grown)
                common &= graph[grown]
            clique.sort()
            covered.update((a, b) for index, a in enumerate(clique) for b in clique[index + 1 :])
            cover.append(clique)
    return cover


def _relax(
    ordered: Sequence[int], edges: Sequence[Sequence[int]], weights: Mapping[int, float]
) -> npt.NDArray[np.float64] | None:
    from scipy.optimize import linprog  # noqa: PLC0415

    if not edges:
        return np.ones(len(ordered))
    profit = np.array([weights[node] for node in ordered])
    solved = linprog(
        -profit, A_ub=_incidence(ordered, edges), b_ub=np.ones(len(edges)), bounds=(0, 1), method="highs-ds"
    )
    return solved.x if solved.success else None


def _incidence(ordered: Sequence[int], groups: Sequence[Sequence[int]]):  # type: ignore[no-untyped-def]
    """A sparse matrix with a row for every group of nodes and a one for every member."""
    from scipy.sparse import csr_array  # noqa: PLC0415

    place = {node: index for index, node in enumerate(ordered)}
    rows = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    columns = np.array([place[node] for group in groups for node in group])
    return csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(groups), len(ordered)))
