"""Prefix trees: token sequences with common beginnings, packed so that a model reads every beginning once.

Instructions are the same for all prompts, both answers follow the same prompt, S and RS often begin alike: a model that
reads sequence by sequence computes most tokens many times. A pack holds every distinct prefix once as a node; a mask
lets each node see its own ancestors only, and its position is its depth, so that the model computes for it what it
would compute in the sequence by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Tokens = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Sequent:
    """A sequence whose tokens from `start` on are scored; the first token of all is never scored."""

    tokens: Tokens
    start: int


@dataclass(slots=True)
class Pack:
    """Sequences as one tree: `tokens` and `parents` (-1: none) by node, in an order that has parents first.

    `paths` has the nodes of every sequence, `scored` the tokens that are scored of it.
    """

    tokens: list[int] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    depths: list[int] = field(default_factory=list)
    paths: list[list[int]] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    scored: list[Tokens] = field(default_factory=list)
    _children: dict[tuple[int, int], int] = field(default_factory=dict)

    def add(self, sequence: Sequent) -> None:
        """Add a sequence; what it shares with earlier ones costs nothing. Its last token is scored but not read."""
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

    def mask(self, window: int | None = None) -> npt.NDArray[np.bool_]:
        """Which nodes (columns) each node (row) sees: itself and its ancestors, the nearest `window` of them."""
        size = len(self.tokens)
        seen = np.zeros((size, size), dtype=np.bool_)
        for node, parent in enumerate(self.parents):
            if parent >= 0:
                seen[node, : parent + 1] = seen[parent, : parent + 1]
            seen[node, node] = True
        if window is not None:
            depths = np.array(self.depths)
            seen &= depths[:, None] - depths[None, :] < window
        return seen

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
            for sequence in group:
                trial.add(sequence)
            if len(pack.tokens) + len(trial.tokens) > most_nodes:
                yield pack
                pack = Pack()
        for sequence in group:
            pack.add(sequence)
    if pack.paths:
        yield pack
