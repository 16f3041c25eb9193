"""Labels at the leaves of a Huffman tree."""

from __future__ import annotations

import numpy as np
import pytest

from navab.text.huffman import Tree


def test_a_tree_of_three_labels() -> None:
    """a is right of the root; left of it is a node with b to the right and c to the left."""
    tree = Tree.of([8, 3, 2], np.array([[4.0], [1.0]], dtype=np.float32))  # of the lower node, of the root
    labels, scores = tree.likeliest(np.array([[1.0], [-1.0], [0.0]], dtype=np.float32))
    likely, likelier = 1 / (1 + np.exp(-1.0)), 1 / (1 + np.exp(-4.0))
    assert labels[:2].tolist() == [0, 2]
    assert scores.tolist() == pytest.approx([likely, likely * likelier, 0.5], abs=3e-5)


def test_probabilities_of_labels_add_up_to_one() -> None:
    chance = np.random.default_rng(0)
    counts = sorted(chance.integers(1, 1000, size=50).tolist(), reverse=True)
    tree = Tree.of(counts, chance.normal(size=(49, 4)).astype(np.float32))
    vectors = chance.normal(size=(300, 4)).astype(np.float32)
    labels = tree._probabilities(vectors)[tree.leaves]
    assert labels.sum(axis=0) == pytest.approx(np.ones(300), abs=1e-3)
    assert tree.likeliest(vectors)[0].tolist() == labels.argmax(axis=0).tolist()


def test_a_vector_is_judged_by_itself() -> None:
    chance = np.random.default_rng(1)
    tree = Tree.of([5, 4, 3, 2, 1], chance.normal(size=(4, 16)).astype(np.float32))
    vectors = chance.normal(size=(601, 16)).astype(np.float32)
    _, together = tree.likeliest(vectors)
    assert together.tolist() == [tree.likeliest(vector[None])[1][0] for vector in vectors]


def test_frequent_labels_are_near_the_root() -> None:
    tree = Tree.of([100, 10, 5, 1], np.zeros((3, 2), dtype=np.float32))
    _, score = tree.likeliest(np.zeros((1, 2), dtype=np.float32))
    assert score.tolist() == pytest.approx([0.5], abs=3e-5)
    assert tree.leaves[0] < tree.leaves[3]


def test_a_single_label_is_certain() -> None:
    labels, scores = Tree.of([3], np.empty((1, 2), dtype=np.float32)).likeliest(np.ones((2, 2), dtype=np.float32))
    assert (labels.tolist(), scores.tolist()) == ([0, 0], [1, 1])
