"""The graph of contradictions: who contradicts whom, and its connected components."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

Graph = Mapping[int, frozenset[int]]


def build_graph(edges: Sequence[tuple[int, int]]) -> dict[int, frozenset[int]]:
    """Neighbours of every node that has an edge."""
    neighbours: dict[int, set[int]] = {}
    for left, right in edges:
        neighbours.setdefault(left, set()).add(right)
        neighbours.setdefault(right, set()).add(left)
    return {node: frozenset(others) for node, others in neighbours.items()}


def induced(graph: Graph, nodes: Iterable[int]) -> dict[int, frozenset[int]]:
    """The part of a graph that lies among some of its nodes; nodes without an edge there stay, without neighbours."""
    kept = frozenset(nodes)
    return {node: graph[node] & kept for node in sorted(kept)}


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
