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
    labels = tree.probabilities(vectors)[tree.labels >= 0]
    assert labels.sum(axis=0) == pytest.approx(np.ones(300), abs=1e-3)
    numbers = tree.labels[tree.labels >= 0]
    found, scores = tree.likeliest(vectors)
    assert found.tolist() == numbers[labels.argmax(axis=0)].tolist()
    assert scores == pytest.approx(labels.max(axis=0), rel=1e-4)


def test_a_vector_is_judged_by_itself() -> None:
    chance = np.random.default_rng(1)
    tree = Tree.of(range(50, 0, -1), chance.normal(size=(49, 16)).astype(np.float32))
    vectors = chance.normal(size=(301, 16)).astype(np.float32)
    _, together = tree.likeliest(vectors)
    assert (together < 0.5).any()
    assert (together > 0.55).any()
    for size in range(1, 30):
        parts = [tree.likeliest(vectors[start : start + size])[1] for start in range(0, len(vectors), size)]
        assert np.concatenate(parts).tolist() == together.tolist()


def test_frequent_labels_are_near_the_root() -> None:
    tree = Tree.of([100, 10, 5, 1], np.zeros((3, 2), dtype=np.float32))
    _, score = tree.likeliest(np.zeros((1, 2), dtype=np.float32))
    assert score.tolist() == pytest.approx([0.5], abs=3e-5)
    assert tree.labels[1:3].tolist().count(0) == 1


def test_a_single_label_is_certain() -> None:
    labels, scores = Tree.of([3], np.empty((1, 2), dtype=np.float32)).likeliest(np.ones((2, 2), dtype=np.float32))
    assert (labels.tolist(), scores.tolist()) == ([0, 0], [1, 1])
