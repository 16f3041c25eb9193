"""Prefix trees: token sequences with common beginnings, packed so that a model reads every beginning once.

Instructions are the same for all prompts, both answers follow the same prompt, S and RS often begin alike: a model that
reads sequence by sequence computes most tokens many times. A pack holds every distinct prefix once as a node; each node
sees its own ancestors only, and its position is its depth, so that the model computes for it what it would compute in
the sequence by itself.

A pack of many prompts is long, but no node sees much of it. So attention is computed block by block: a block is what
one group of sequences added to the tree, and its keys are those nodes and the ancestors that it shares with others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Tokens = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Sequent:
    """A sequence whose tokens from `start` on are scored; the first token of all is never scored."""

    tokens: Tokens
    start: int


@dataclass(frozen=True, slots=True)
class Block:
    """Nodes that one group added, and what they see.

    `nodes` are consecutive, `keys` the ids of all nodes that any of them sees, ascending; `seen` is boolean, nodes by
    keys; `distances` has the same shape and counts the tokens from a key to a node that sees it.
    """

    nodes: range
    keys: npt.NDArray[np.int64]
    seen: npt.NDArray[np.bool_]
    distances: npt.NDArray[np.int64]

    def within(self, window: int | None) -> npt.NDArray[np.bool_]:
        """What the nodes see if each sees the nearest `window` tokens only, itself included."""
        return self.seen if window is None else self.seen & (self.distances < window)


@dataclass(slots=True)
class Pack:
    """Sequences as one tree: `tokens` and `parents` (-1: none) by node, in an order that has parents first.

    `paths` has the nodes of every sequence, `scored` the tokens that are scored of it, `ends` the number of nodes after
    every group.
    """

    tokens: list[int] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    depths: list[int] = field(default_factory=list)
    paths: list[list[int]] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    scored: list[Tokens] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    _children: dict[tuple[int, int], int] = field(default_factory=dict)

    def add(self, group: Sequence[Sequent]) -> None:
        """Add sequences; what they share with each other and with earlier ones costs nothing."""
        for sequence in group:
            self._add(sequence)
        self.ends.append(len(self.tokens))

    def _add(self, sequence: Sequent) -> None:
        """Add a sequence; its last token is scored but not read."""
        node, path = -1, []
        for depth, token in enumerate(sequence.tokens[:-1]):
            child = self._children.get((node, token))
            if child is None:
                child = self._children[(node, token)] = len(self.tokens)
                self.tokens.append(token)
                self.parents.append(node)
                self.depths.append(depth)
            path.append(child)
            node = child
        self.paths.append(path)
        self.starts.append(sequence.start)
        self.scored.append(sequence.tokens[sequence.start :])

    def blocks(self) -> list[Block]:
        """The blocks that have nodes, in order: together they hold every node once."""
        return [self._block(range(begin, end)) for begin, end in pairwise([0, *self.ends]) if begin < end]

    def _block(self, nodes: range) -> Block:
        roots = {self.parents[node] for node in nodes if self.parents[node] < nodes.start}
        above = {root: self._ancestry(root) for root in roots}
        outside = sorted(set().union(*above.values()))
        keys = np.array([*outside, *nodes], dtype=np.int64)
        seen = np.zeros((len(nodes), len(keys)), dtype=np.bool_)
        for row, node in enumerate(nodes):
            parent = self.parents[node]
            seen[row] = seen[parent - nodes.start] if parent >= nodes.start else np.isin(keys, above[parent])
            seen[row, len(outside) + row] = True
        depths = np.array([self.depths[key] for key in keys], dtype=np.int64)
        return Block(nodes, keys, seen, depths[len(outside) :, None] - depths)

    def _ancestry(self, node: int) -> list[int]:
        """A node and its ancestors; of -1, which stands for no node, none."""
        found = []
        while node >= 0:
            found.append(node)
            node = self.parents[node]
        return found

    def predicting(self) -> npt.NDArray[np.int64]:
        """Nodes after which a scored token comes, in order, each once."""
        nodes = {node for path, start in zip(self.paths, self.starts, strict=True) for node in path[start - 1 :]}
        return np.array(sorted(nodes), dtype=np.int64)


def packs(groups: Sequence[Sequence[Sequent]], most_nodes: int) -> Iterator[Pack]:
    """Pack groups in their order: as many groups a pack as fit into `most_nodes`, at least one.

    The sequences of a group stay together, for they have most in common.
    """
    pack = Pack()
    for group in groups:
        longest = sum(len(sequence.tokens) for sequence in group)
        if pack.tokens and len(pack.tokens) + longest > most_nodes:
            trial = Pack()
            trial.add(group)
            if len(pack.tokens) + len(trial.tokens) > most_nodes:
                yield pack
                pack = Pack()
        pack.add(group)
    if pack.paths:
        yield pack
