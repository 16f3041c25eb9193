"""Clusters of a sample: blobs are found, outliers are left, and every nation has a topic."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from navab.topics.clustering import FEWEST_FOR_UMAP, Cluster, find_clusters

Vectors = npt.NDArray[np.float32]


def blobs(count: int, size: int, noise: float = 0.05, seed: int = 0) -> Vectors:
    """Unit vectors around `count` directions, one after the other."""
    chance = np.random.default_rng(seed)
    centres = np.eye(16)[:count].repeat(size, axis=0)
    points = centres + noise * chance.normal(size=centres.shape)
    unit: Vectors = (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)
    return unit


def find(vectors: Vectors, seed: int = 0) -> list[Cluster]:
    return find_clusters(vectors, min_size=5, neighbors=10, seed=seed)


# UMAP compiles for half a minute on its first use; the tests of the whole pipeline use it too.
UMAP = pytest.param(FEWEST_FOR_UMAP // 2, marks=pytest.mark.slow, id="umap")


@pytest.mark.parametrize("size", [pytest.param(FEWEST_FOR_UMAP // 4, id="plain"), UMAP])
def test_blobs_are_clusters(size: int) -> None:
    found = [{int(row) // size for row in cluster.members} for cluster in find(blobs(3, size))]
    assert sorted(found, key=min) == [{0}, {1}, {2}]


def test_clusters_are_large_enough_and_share_no_member() -> None:
    found = find(blobs(3, 10, noise=0.3))
    members = np.concatenate([cluster.members for cluster in found])
    assert all(len(cluster.members) >= 5 for cluster in found)
    assert len(set(members.tolist())) == len(members)


def test_the_centroid_is_a_unit_vector_and_most_members_are_within_its_limit() -> None:
    vectors = blobs(2, 20, noise=0.2)
    for cluster in find(vectors):
        assert np.linalg.norm(cluster.centroid) == pytest.approx(1, abs=1e-5)
        near = vectors[cluster.members] @ cluster.centroid >= cluster.min_similarity
        assert 0.9 <= near.mean() <= 1


@pytest.mark.parametrize("count", [1, 2, 9])
def test_too_few_articles_are_one_topic(count: int) -> None:
    (cluster,) = find(blobs(1, count))
    assert cluster.members.tolist() == list(range(count))


@pytest.mark.parametrize("size", [pytest.param(FEWEST_FOR_UMAP // 4, id="plain"), UMAP])
def test_the_same_sample_has_the_same_clusters(size: int) -> None:
    first, second = find(blobs(3, size), seed=7), find(blobs(3, size), seed=7)
    for one, other in zip(first, second, strict=True):
        assert np.array_equal(one.members, other.members)
        assert np.array_equal(one.centroid, other.centroid)
        assert one.min_similarity == other.min_similarity
