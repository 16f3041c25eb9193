"""Heavier independent sets by iterated local search, from what annealing found.

The moves are those of ILS-VND (Nogueira, Pinheiro and Subramanian 2018): a node comes in for the lighter ones that
it excludes, or two nodes come in for one; when no move gains, a few nodes are forced in and the search goes on.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterable, Mapping, Sequence

from navab.conflict.graph import Graph

_ROUNDS_PER_NODE = 1
_MOST_ROUNDS = 20_000
_ACCEPT_WORSE = 0.02
_GAIN = 1e-9


def improved_set(
    start: frozenset[int], nodes: Sequence[int], graph: Graph, weights: Mapping[int, float]
) -> frozenset[int]:
    """An independent set no lighter than the one to start from, the same whatever the order of the nodes."""
    ordered = sorted(nodes)
    chance = random.Random(0)
    search = _Search(ordered, graph, weights)
    search.force(sorted(start))
    best, best_weight = frozenset(search.chosen), search.weight
    for _ in range(min(_MOST_ROUNDS, _ROUNDS_PER_NODE * len(ordered))):
        weight = search.weight
        search.force(chance.choice(ordered) for _ in range(chance.choice((1, 1, 2, 4))))
        if search.weight > best_weight + _GAIN:
            best, best_weight = frozenset(search.chosen), search.weight
        elif search.weight < weight - _GAIN and chance.random() > _ACCEPT_WORSE:
            search.undo()
    return best


class _Search:
    """A current independent set, and for every node the weight of the chosen nodes that exclude it."""

    def __init__(self, nodes: Sequence[int], graph: Graph, weights: Mapping[int, float]) -> None:
        self._neighbours = {node: sorted(graph[node]) for node in nodes}
        self._graph = graph
        self._weights = weights
        self._excluding = dict.fromkeys(nodes, 0.0)
        self._queue = deque(sorted(nodes, key=lambda one: (-weights[one] / (1 + len(graph[one])), one)))
        self._queued = set(nodes)
        self._done: list[tuple[int, bool]] = []
        self.chosen: set[int] = set()
        self.weight = 0.0

    def settle(self) -> None:
        """Make moves that gain until there is none."""
        while self._queue:
            node = self._queue.popleft()
            self._queued.discard(node)
            if node in self.chosen:
                self._trade(node)
            elif self._weights[node] > self._excluding[node] + _GAIN:
                self._insert(node)

    def force(self, nodes: Iterable[int]) -> None:
        """Put nodes in at whatever cost, and settle."""
        self._done.clear()
        for node in nodes:
            if node not in self.chosen:
                self._insert(node)
        self.settle()

    def undo(self) -> None:
        """Go back to before the last `force`."""
        for node, inserted in reversed(self._done):
            self._change(node, not inserted)
        self._done.clear()

    def _trade(self, node: int) -> None:
        """Take two nodes for one, if nothing else excludes them, nor one the other, and they weigh more together."""
        weight = self._weights[node]
        loose = [other for other in self._neighbours[node] if self._excluding[other] <= weight + _GAIN]
        loose = [other for other in loose if self._graph[other] & self.chosen == {node}]
        loose.sort(key=lambda one: (-self._weights[one], one))
        for place, first in enumerate(loose):
            for second in loose[place + 1 :]:
                if self._weights[first] + self._weights[second] <= weight + _GAIN:
                    break
                if second not in self._graph[first]:
                    self._insert(first)
                    self._insert(second)
                    return

    def _insert(self, node: int) -> None:
        for other in sorted(self._graph[node] & self.chosen):
            self._change(other, False)
            self._done.append((other, False))
            self._look_at([other, *self._neighbours[other]])
        self._change(node, True)
        self._done.append((node, True))
        self._look_at([node])

    def _look_at(self, nodes: Iterable[int]) -> None:
        """Queue nodes that may gain now: freed ones, and the chosen ones that alone exclude them."""
        for node in nodes:
            for one in (node, *(sorted(self._graph[node] & self.chosen) if node not in self.chosen else ())):
                if one not in self._queued:
                    self._queued.add(one)
                    self._queue.append(one)

    def _change(self, node: int, inserted: bool) -> None:
        weight = self._weights[node] if inserted else -self._weights[node]
        (self.chosen.add if inserted else self.chosen.discard)(node)
        self.weight += weight
        for other in self._neighbours[node]:
            self._excluding[other] += weight
