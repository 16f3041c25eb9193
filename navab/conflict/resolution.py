"""Resolution: of statements that contradict each other, keep the consistent set with the greatest weight.

Contradictions are the edges of a graph; in each connected component a maximum-weight independent set is the dominant
stance: exact by branch and bound up to `EXACT_LIMIT` statements, above that greedy with local improvement.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

EXACT_LIMIT = 40

Graph = Mapping[int, frozenset[int]]


def build_graph(edges: Sequence[tuple[int, int]]) -> dict[int, frozenset[int]]:
    """Neighbours of every node that has an edge."""
    neighbours: dict[int, set[int]] = {}
    for left, right in edges:
        neighbours.setdefault(left, set()).add(right)
        neighbours.setdefault(right, set()).add(left)
    return {node: frozenset(others) for node, others in neighbours.items()}


def components(graph: Graph) -> Iterator[list[int]]:
    """Connected components, each sorted, in the order of their smallest node."""
    seen: set[int] = set()
    for start in sorted(graph):
        if start in seen:
            continue
        members, stack = {start}, [start]
        while stack:
            for other in graph[stack.pop()]:
                if other not in members:
                    members.add(other)
                    stack.append(other)
        seen |= members
        yield sorted(members)


def dominant_stance(component: Sequence[int], graph: Graph, weights: Mapping[int, float]) -> frozenset[int]:
    """The statements of a component that are retained: an independent set of great weight.

    Ties fall to the smaller ids, so that the result depends on nothing but the input.
    """
    if len(component) > EXACT_LIMIT:
        return _improve(_greedy(component, graph, weights), component, graph, weights)
    return _exact(component, graph, weights)


def _greedy(component: Sequence[int], graph: Graph, weights: Mapping[int, float]) -> frozenset[int]:
    chosen: set[int] = set()
    order = sorted(component, key=lambda node: (-weights[node] / (1 + len(graph[node])), node))
    for node in order:
        if not graph[node] & chosen:
            chosen.add(node)
    return frozenset(chosen)


def _improve(
    chosen: frozenset[int], component: Sequence[int], graph: Graph, weights: Mapping[int, float]
) -> frozenset[int]:
    """Swap a statement in for the lighter ones that it contradicts, until nothing gains."""
    current = set(chosen)
    improved = True
    while improved:
        improved = False
        for node in component:
            if node in current:
                continue
            opposed = graph[node] & current
            if weights[node] > sum(weights[other] for other in opposed) + 1e-9:
                current -= opposed
                current.add(node)
                improved = True
    return frozenset(current)


def _exact(component: Sequence[int], graph: Graph, weights: Mapping[int, float]) -> frozenset[int]:
    best: frozenset[int] = frozenset()
    best_weight = 0.0

    def search(candidates: frozenset[int], chosen: frozenset[int], weight: float) -> None:
        nonlocal best, best_weight
        candidates, taken = _take_heavy(candidates, graph, weights)
        chosen, weight = chosen | taken, weight + sum(weights[node] for node in sorted(taken))
        if weight + sum(weights[node] for node in candidates) <= best_weight + 1e-9:
            return
        if not candidates:
            best, best_weight = chosen, weight
            return
        node = min(candidates, key=lambda one: (-len(graph[one] & candidates), one))
        rest = candidates - {node}
        search(rest - graph[node], chosen | {node}, weight + weights[node])
        search(rest, chosen, weight)

    search(frozenset(component), frozenset(), 0.0)
    return best


def _take_heavy(
    candidates: frozenset[int], graph: Graph, weights: Mapping[int, float]
) -> tuple[frozenset[int], frozenset[int]]:
    """Take every statement that weighs as much as all that contradict it together: no set without it weighs more."""
    taken: set[int] = set()
    left = set(candidates)
    changed = True
    while changed:
        changed = False
        for node in sorted(left):
            if node in left and weights[node] >= sum(weights[other] for other in graph[node] & left):
                taken.add(node)
                left -= graph[node] | {node}
                changed = True
    return frozenset(left), frozenset(taken)
