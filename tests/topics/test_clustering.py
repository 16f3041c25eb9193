"""Clusters of a sample: blobs are found, outliers are left, and every nation has a topic."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from navab.topics.clustering import FEWEST_FOR_UMAP, Cluster, Clustering, Method, find_clusters

Vectors = npt.NDArray[np.float32]


def blobs(count: int, size: int, noise: float = 0.05, seed: int = 0) -> Vectors:
    """Unit vectors around `count` directions, one after the other."""
    chance = np.random.default_rng(seed)
    centres = np.eye(16)[:count].repeat(size, axis=0)
    points = centres + noise * chance.normal(size=centres.shape)
    unit: Vectors = (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)
    return unit


def find(vectors: Vectors, method: Method = "communities", seed: int = 0) -> list[Cluster]:
    return find_clusters(vectors, Clustering(method, min_size=5, neighbors=10, seed=seed))


# UMAP compiles for half a minute on its first use.
METHODS = [
    pytest.param("communities", 20, id="communities"),
    pytest.param("density", FEWEST_FOR_UMAP // 4, id="density"),
    pytest.param("density", FEWEST_FOR_UMAP // 2, marks=pytest.mark.slow, id="density-umap"),
]


@pytest.mark.parametrize(("method", "size"), METHODS)
def test_blobs_are_clusters(method: Method, size: int) -> None:
    found = [{int(row) // size for row in cluster.members} for cluster in find(blobs(3, size), method)]
    assert sorted(found, key=min) == [{0}, {1}, {2}]


def test_where_communities_are_a_close_call_they_are_found_again_in_the_same_process() -> None:
    vectors = blobs(8, 25, noise=0.45)
    found = [[cluster.members.tolist() for cluster in find(vectors)] for _ in range(8)]
    assert all(one == found[0] for one in found)


def test_clusters_share_no_member_and_leave_the_outermost() -> None:
    found = find(blobs(3, 40, noise=0.3))
    members = np.concatenate([cluster.members for cluster in found])
    assert len(set(members.tolist())) == len(members) < 120


def test_the_centroid_is_a_unit_vector_and_all_members_are_within_its_limit() -> None:
    vectors = blobs(2, 40, noise=0.2)
    for cluster in find(vectors):
        assert np.linalg.norm(cluster.centroid) == pytest.approx(1, abs=1e-5)
        assert (vectors[cluster.members] @ cluster.centroid >= cluster.min_similarity - 1e-6).all()
        assert cluster.floor_similarity <= cluster.min_similarity


@pytest.mark.parametrize("count", [1, 2, 9])
def test_too_few_articles_are_one_topic(count: int) -> None:
    (cluster,) = find(blobs(1, count))
    assert cluster.members.tolist() == list(range(count)) or len(cluster.members) >= count - 1


@pytest.mark.parametrize(("method", "size"), METHODS)
def test_the_same_sample_has_the_same_clusters(method: Method, size: int) -> None:
    first, second = (find(blobs(3, size), method, seed=7) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        assert np.array_equal(one.members, other.members)
        assert np.array_equal(one.centroid, other.centroid)
        assert one.min_similarity == other.min_similarity


def test_old_topics_hold_together_where_the_sample_alone_would_tell_otherwise() -> None:
    """Shapeless vectors in another order: by themselves other communities, tied to the old ones mostly the same."""
    vectors = blobs(1, 300, noise=0.3)
    options = Clustering(min_size=5, neighbors=10)
    old = find_clusters(vectors, options)
    before = np.full(len(vectors), -1, dtype=np.int64)
    for number, cluster in enumerate(old):
        before[cluster.members] = number
    order = np.random.default_rng(3).permutation(len(vectors))

    def same(clusters: list[Cluster]) -> float:
        return sum(np.bincount(before[order][one.members] + 1)[1:].max(initial=0) for one in clusters) / len(vectors)

    assert same(find_clusters(vectors[order], options, before[order])) > same(find_clusters(vectors[order], options))
