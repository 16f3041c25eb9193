"""Resolution: of statements that contradict each other, keep the consistent set with the greatest weight.

Contradictions are the edges of a graph; in each connected component a maximum-weight independent set is the dominant
stance, found exactly up to `EXACT_LIMIT` statements. Larger components are reduced by what every best set holds; what
is left falls apart into smaller ones, and those that stay large are solved by integer programming, annealing and
local search, with a bound.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from navab.conflict.annealing import annealed_set
from navab.conflict.branch_and_bound import heaviest_set, take_heavy
from navab.conflict.graph import Graph, components, induced
from navab.conflict.local_search import improved_set
from navab.conflict.relaxation import bounded_set, persistent

EXACT_LIMIT = 40
_GAP = 1e-6


@dataclass(frozen=True, slots=True)
class Stance:
    """What is retained of a component; no consistent set weighs more than `bound`."""

    retained: frozenset[int]
    weight: float
    bound: float

    @property
    def is_exact(self) -> bool:
        """Whether it is known that no consistent set weighs more."""
        return self.weight >= self.bound - _GAP


def dominant_stance(component: Sequence[int], graph: Graph, weights: Mapping[int, float]) -> Stance:
    """The statements of a component that are retained; it depends on nothing but the graph and the weights."""
    if len(component) <= EXACT_LIMIT:
        chosen = heaviest_set(component, graph, weights)
        return Stance(chosen, _total(chosen, weights), _total(chosen, weights))
    left, taken = take_heavy(frozenset(component), graph, weights)
    left, certain = persistent(left, graph, weights)
    retained = taken | certain
    bound = _total(retained, weights)
    rest = induced(graph, left)
    for part in components(rest):
        chosen, limit = _solve(part, rest, weights)
        retained |= chosen
        bound += limit
    retained = _extended(retained, component, graph)
    return Stance(retained, _total(retained, weights), bound)


def _extended(retained: frozenset[int], component: Sequence[int], graph: Graph) -> frozenset[int]:
    """Retain as well what nothing retained contradicts: statements without weight, which gain nothing."""
    extended = set(retained)
    for node in sorted(component):
        if node not in extended and not graph[node] & extended:
            extended.add(node)
    return frozenset(extended)


def _solve(part: Sequence[int], graph: Graph, weights: Mapping[int, float]) -> tuple[frozenset[int], float]:
    """A heavy set of a component, and a bound on every set of it."""
    if len(part) <= EXACT_LIMIT:
        chosen = heaviest_set(part, graph, weights)
        return chosen, _total(chosen, weights)
    bounded = bounded_set(part, graph, weights)
    chosen = bounded.chosen
    if _total(chosen, weights) < bounded.bound - _GAP:
        improved = improved_set(annealed_set(part, graph, weights), part, graph, weights)
        chosen = max(chosen, improved, key=lambda one: _total(one, weights))
    return chosen, max(bounded.bound, _total(chosen, weights))


def _total(nodes: frozenset[int], weights: Mapping[int, float]) -> float:
    return sum(weights[node] for node in sorted(nodes))
