"""Leakage groups: statements that share an article, a conflict, a restatement or their words must not be split apart.

The split of a group is a hash of the group at first sight and never changes. A later statement that would join a
train group to a test group is left out (`split_bridge`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from navab.lake.hashing import combine

Split = Literal["train", "test"]


@dataclass
class _Forest:
    """Union-find over nodes, each root with the sticky group and split of its tree."""

    parent: dict[int, int] = field(default_factory=dict)
    group: dict[int, int] = field(default_factory=dict)
    split: dict[int, Split] = field(default_factory=dict)

    def find(self, node: int) -> int:
        root = node
        while self.parent.setdefault(root, root) != root:
            root = self.parent[root]
        while self.parent[node] != root:
            self.parent[node], node = root, self.parent[node]
        return root

    def splits(self, nodes: Iterable[int]) -> set[Split]:
        return {self.split[root] for root in map(self.find, nodes) if root in self.split}

    def union(self, nodes: Iterable[int]) -> None:
        roots = sorted({self.find(node) for node in nodes})
        first, *others = roots
        for other in others:
            self.parent[other] = first
            if other in self.split:
                self.group[first] = min(self.group.pop(other), self.group.get(first, 2**63 - 1))
                self.split[first] = self.split.pop(other)


@dataclass(frozen=True, slots=True)
class Known:
    """Group and split of a statement that has a triple already."""

    group_id: int
    split: Split


@dataclass(frozen=True, slots=True)
class Assignment:
    """Group and split of a statement; `bridge` if it must be left out."""

    group_id: int
    split: Split
    bridge: bool


def assign_groups(
    new: Sequence[int],
    links: Mapping[int, Sequence[int]],
    known: Mapping[int, Known],
    left_out: Collection[int],
    test_share: float,
) -> dict[int, Assignment]:
    """Assign leakage groups to new statements.

    `links` gives the nodes that a statement hangs together with: its article, its words and the statements (and their
    articles) that it contradicts, entails or repeats. `known` holds the statements decided earlier, `left_out` the
    bridges.
    The order of `new` does not matter: statements are taken in the order of their ids.
    """
    forest = _Forest()
    for statement in sorted(known):
        root = forest.find(statement)
        forest.group[root], forest.split[root] = known[statement].group_id, known[statement].split
    for statement in sorted(known):
        joined = [node for node in links.get(statement, ()) if node in known or node not in links]
        nodes = [statement, *joined]
        if len(forest.splits(nodes)) < 2:
            forest.union(nodes)
    bridges = set(left_out)
    for statement in sorted(new):
        nodes = [statement, *(node for node in links.get(statement, ()) if node not in bridges)]
        if len(forest.splits(nodes)) > 1:
            bridges.add(statement)
        else:
            forest.union(nodes)
    return {statement: _assignment(statement, forest, statement in bridges, test_share) for statement in new}


def split_of(group_id: int, test_share: float) -> Split:
    """The split of a group: a hash of its id, compared with the share of the test split."""
    fraction = (int(combine(group_id)[0]) & (2**53 - 1)) / 2**53
    return "test" if fraction < test_share else "train"


def _assignment(statement: int, forest: _Forest, bridge: bool, test_share: float) -> Assignment:
    if bridge:
        return Assignment(statement, split_of(statement, test_share), True)
    root = forest.find(statement)
    group = forest.group.get(root, root)
    return Assignment(group, forest.split.get(root) or split_of(group, test_share), False)
