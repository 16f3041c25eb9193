"""Labels at the leaves of a Huffman tree, whose inner nodes say how likely it goes on to the right.

Hierarchical softmax (Morin, Bengio 2005) as fastText has it: frequent labels are near the root.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

_TINY = np.float32(1e-5)  # fastText adds it to the probabilities that it multiplies
_SURE = 0.51  # a label as likely as this is the likeliest, with a margin for what is added
_BATCH_VECTORS = 1 << 8
_UNMADE = 10**15  # a node's count before it has children

Floats = npt.NDArray[np.float32]
Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Tree:
    """Nodes by their distance from the root, so that the inner node number j has the children 2j + 1 and 2j + 2.

    `inner`, of shape (nodes,), has the numbers of inner nodes, -1 for leaves; `labels` those of leaves, -1 for inner
    nodes. `weights` of inner nodes have shape (inner nodes, dim). `levels` are where each level of nodes begins, and
    where the last one ends.
    """

    inner: Places
    labels: Places
    weights: Floats
    levels: tuple[int, ...]

    @classmethod
    def of(cls, counts: Sequence[int], weights: Floats) -> Tree:
        """The tree of labels that occur so often, in descending order; weights have shape (inner nodes, dim)."""
        children = _children(counts)
        level, levels, nodes = [len(counts) + len(children) - 1], [0], []
        while level:
            nodes += level
            levels.append(len(nodes))
            level = [child for node in level if node >= len(counts) for child in children[node - len(counts)]]
        order = np.array(nodes)
        is_inner = order >= len(counts)
        inner = np.where(is_inner, np.cumsum(is_inner) - 1, -1)
        return cls(inner, np.where(is_inner, -1, order), weights[order[is_inner] - len(counts)], tuple(levels))

    def likeliest(self, vectors: Floats) -> tuple[Places, Floats]:
        """The likeliest label of each vector, by number, and its probability; vectors have shape (n, dim).

        The likelier child of each node leads to it, unless the label that is found so is no more likely than all the
        others.
        """
        nodes, scores = self._go_down(vectors)
        labels, leaves = self.labels[nodes], np.flatnonzero(self.labels >= 0)
        unsure = np.flatnonzero(scores < _SURE)
        for start in range(0, len(unsure), _BATCH_VECTORS):
            batch = unsure[start : start + _BATCH_VECTORS]
            of_leaves = self.probabilities(vectors[batch])[leaves]
            labels[batch] = self.labels[leaves[of_leaves.argmax(axis=0)]]
            scores[batch] = of_leaves.max(axis=0)
        return labels, scores

    def _go_down(self, vectors: Floats) -> tuple[Places, Floats]:
        """The leaves that likelier children lead to, and their probabilities."""
        nodes, scores = np.zeros(len(vectors), dtype=np.int64), np.ones(len(vectors), dtype=np.float32)
        going = np.flatnonzero(self.inner[nodes] >= 0)
        while len(going):
            inner = self.inner[nodes[going]]
            odds = np.einsum("nk,nk->n", vectors[going], self.weights[inner])
            scores[going] *= _logistic(np.abs(odds)) + _TINY
            nodes[going] = 2 * inner + 1 + (odds > 0)
            going = going[self.inner[nodes[going]] >= 0]
        return nodes, scores

    def probabilities(self, vectors: Floats) -> Floats:
        """Probabilities of all nodes, shape (nodes, vectors); vectors have shape (n, dim)."""
        # Sums over contiguous rows: by BLAS, their last bits would depend on how many vectors there are.
        right = _logistic(np.einsum("jk,nk->jn", self.weights, np.ascontiguousarray(vectors)))
        nodes = np.ones((len(self.inner), len(vectors)), dtype=np.float32)
        np.subtract(1 + _TINY, right, out=nodes[1::2])
        np.add(right, _TINY, out=nodes[2::2])
        parents = np.repeat(np.flatnonzero(self.inner >= 0), 2)
        for start, end in pairwise(self.levels[1:]):
            nodes[start:end] *= nodes[parents[start - 1 : end - 1]]
        return nodes


def _logistic(odds: Floats) -> Floats:
    with np.errstate(over="ignore"):
        shares: Floats = np.reciprocal(1 + np.exp(-odds))
    return shares


def _children(counts: Sequence[int]) -> list[list[int]]:
    """For each inner node, from the first that is made to the root, two nodes: labels come first, then inner ones."""
    weights = [*counts, *[_UNMADE] * (len(counts) - 1)]
    label, inner = len(counts) - 1, len(counts)
    children = []
    for node in range(len(counts), len(weights)):
        pair = []
        for _ in range(2):
            if label >= 0 and weights[label] < weights[inner]:
                pair.append(label)
                label -= 1
            else:
                pair.append(inner)
                inner += 1
        weights[node] = sum(weights[child] for child in pair)
        children.append(pair)
    return children
