"""Labels at the leaves of a Huffman tree, whose inner nodes say how likely it goes on to the right.

Hierarchical softmax (Morin, Bengio 2005) as fastText has it: frequent labels are near the root.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_TINY = np.float32(1e-5)  # fastText adds it to the probabilities that it multiplies
_BATCH_LINES = 1 << 8
_UNMADE = 10**15  # a node's count before it has children

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Tree:
    """Nodes by their distance from the root, so that the inner node j has the children 2j + 1 and 2j + 2.

    `weights` of inner nodes have shape (dim, inner nodes); `levels` are where each level of nodes begins, and where the
    last one ends; `parents`, of shape (nodes - 1,), are for all nodes but the root, `leaves` for each label.
    """

    weights: Floats
    levels: tuple[int, ...]
    parents: npt.NDArray[np.int64]
    leaves: npt.NDArray[np.int64]

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
        inner = np.flatnonzero(order >= len(counts))
        return cls(
            np.ascontiguousarray(weights[order[inner] - len(counts)].T),
            tuple(levels),
            np.repeat(inner, 2),
            np.argsort(order)[: len(counts)],
        )

    def likeliest(self, vectors: Floats) -> tuple[npt.NDArray[np.int64], Floats]:
        """The likeliest label of each vector, by number, and its probability; vectors have shape (n, dim)."""
        labels, scores = np.empty(len(vectors), dtype=np.int64), np.empty(len(vectors), dtype=np.float32)
        for start in range(0, len(vectors), _BATCH_LINES):
            batch = slice(start, start + _BATCH_LINES)
            of_labels = self._probabilities(vectors[batch])[self.leaves]
            labels[batch] = of_labels.argmax(axis=0)
            scores[batch] = of_labels.max(axis=0)
        return labels, scores

    def _probabilities(self, vectors: Floats) -> Floats:
        """Probabilities of nodes, shape (nodes, vectors)."""
        # By BLAS, a sum's last bits would depend on how many vectors there are.
        odds = np.einsum("kj,kn->jn", self.weights, np.ascontiguousarray(vectors.T))
        with np.errstate(over="ignore"):
            right = 1 / (1 + np.exp(-odds))
        nodes = np.ones((1 + len(self.parents), len(vectors)), dtype=np.float32)
        np.subtract(1 + _TINY, right, out=nodes[1::2])
        np.add(right, _TINY, out=nodes[2::2])
        for start, end in zip(self.levels[1:], self.levels[2:], strict=False):
            nodes[start:end] *= nodes[self.parents[start - 1 : end - 1]]
        return nodes


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
