"""Maximum-weight independent sets, exactly: reductions, and branch and bound on what they leave."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from navab.conflict.graph import Graph


def heaviest_set(nodes: Iterable[int], graph: Graph, weights: Mapping[int, float]) -> frozenset[int]:
    """The independent set with the greatest weight; the time grows exponentially with the number of nodes.

    Ties fall to the nodes that the search meets first: those with more neighbours, then the smaller.
    """
    best: frozenset[int] = frozenset()
    best_weight = -1.0

    def search(candidates: frozenset[int], chosen: frozenset[int], weight: float) -> None:
        nonlocal best, best_weight
        candidates, taken = take_heavy(candidates, graph, weights)
        chosen, weight = chosen | taken, weight + sum(weights[node] for node in sorted(taken))
        if weight + sum(weights[node] for node in sorted(candidates)) <= best_weight + 1e-9:
            return
        if not candidates:
            best, best_weight = chosen, weight
            return
        node = min(candidates, key=lambda one: (-len(graph[one] & candidates), one))
        rest = candidates - {node}
        search(rest - graph[node], chosen | {node}, weight + weights[node])
        search(rest, chosen, weight)

    search(frozenset(nodes), frozenset(), 0.0)
    return best


def take_heavy(
    candidates: frozenset[int], graph: Graph, weights: Mapping[int, float]
) -> tuple[frozenset[int], frozenset[int]]:
    """Take every node that weighs as much as all its neighbours together: no set without it weighs more.

    Returns the candidates that are left and the nodes that were taken.
    """
    taken: set[int] = set()
    left = set(candidates)
    waiting = sorted(left, reverse=True)
    while waiting:
        node = waiting.pop()
        if node not in left:
            continue
        neighbours = graph[node] & left
        if weights[node] >= sum(weights[other] for other in sorted(neighbours)):
            taken.add(node)
            left -= neighbours | {node}
            # Who has lost a neighbour may be heavy enough now.
            waiting += sorted({near for other in neighbours for near in graph[other] & left}, reverse=True)
    return frozenset(left), frozenset(taken)
