"""Maximum-weight independent sets by simulated annealing, for graphs too large for the exact method.

A move puts a node in and takes out those that exclude it. Moves that lose weight are made too, the more seldom the more
they lose and the lower the temperature, which falls; at last only those that gain (Kirkpatrick, Gelatt, Vecchi 1983).
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence

from navab.conflict.graph import Graph

_STARTS = 4
# Of each start. A sweep looks at every node once; looks are what takes time, some three million a second.
_LOOKS = 4_000_000
_LEAST_SWEEPS, _MOST_SWEEPS = 50, 8_000
_SWEEPS_IN_ONE_ORDER = 20
# The temperature at first and at last, as shares of the mean weight.
_HOT, _COLD = 0.4, 0.08
_GAIN = 1e-9


def annealed_set(nodes: Sequence[int], graph: Graph, weights: Mapping[int, float]) -> frozenset[int]:
    """An independent set of great weight, the same for the same graph whatever the order of its nodes."""
    ordered = sorted(nodes)
    search = _Search(ordered, graph, weights, random.Random(0))
    for _ in range(_STARTS):
        search.anneal()
    return frozenset(ordered[place] for place in search.settled())


class _Search:
    """A current independent set, the heaviest so far, and for every node the weight of those that exclude it."""

    def __init__(
        self, ordered: Sequence[int], graph: Graph, weights: Mapping[int, float], chance: random.Random
    ) -> None:
        place = {node: index for index, node in enumerate(ordered)}
        self._neighbours = [[place[other] for other in sorted(graph[node])] for node in ordered]
        self._weights = [weights[node] for node in ordered]
        self._chance = chance
        self._chosen = bytearray(len(ordered))
        self._excluding = [0.0] * len(ordered)
        self._weight = self._most = 0.0
        self._heaviest = bytes(self._chosen)

    def anneal(self) -> None:
        """Sweep over the nodes while the temperature falls."""
        count = len(self._weights)
        sweeps = min(_MOST_SWEEPS, max(_LEAST_SWEEPS, _LOOKS // count))
        hot = max(_GAIN, _HOT * sum(self._weights) / count)
        order = list(range(count))
        for sweep in range(sweeps):
            if sweep % _SWEEPS_IN_ONE_ORDER == 0:
                self._chance.shuffle(order)
            self._sweep(order, hot * (_COLD / _HOT) ** (sweep / sweeps))

    def _sweep(self, order: Sequence[int], temperature: float) -> None:
        """Look at every node, and put it in if nothing is lost by it, or with a chance."""
        chosen, weights, excluding = self._chosen, self._weights, self._excluding
        chance, exp = self._chance.random, math.exp
        for node in order:
            if not chosen[node]:
                gain = weights[node] - excluding[node]
                if gain >= 0 or chance() < exp(gain / temperature):
                    self._insert(node)

    def settled(self) -> list[int]:
        """The places of the heaviest set, after moves that gain until there is none."""
        heaviest = self._heaviest
        for node in _places(self._chosen):
            self._take_out(node)
        for node in _places(heaviest):
            self._insert(node)
        while gaining := [node for node, weight in enumerate(self._weights) if self._gains(node, weight)]:
            self._insert(gaining[0])
        return _places(self._chosen)

    def _gains(self, node: int, weight: float) -> bool:
        return not self._chosen[node] and weight > self._excluding[node] + _GAIN

    def _insert(self, node: int) -> None:
        for other in self._neighbours[node]:
            if self._chosen[other]:
                self._take_out(other)
        self._change(node, self._weights[node])
        self._chosen[node] = 1
        if self._weight > self._most + _GAIN:
            self._most, self._heaviest = self._weight, bytes(self._chosen)

    def _take_out(self, node: int) -> None:
        self._change(node, -self._weights[node])
        self._chosen[node] = 0

    def _change(self, node: int, weight: float) -> None:
        self._weight += weight
        for other in self._neighbours[node]:
            self._excluding[other] += weight


def _places(chosen: bytes | bytearray) -> list[int]:
    return [place for place, one in enumerate(chosen) if one]
