"""Drift: nothing where new articles are like the old ones, and what is new where they are not."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from navab.lake.arrays import to_matrix
from navab.models.embedder import Vectors
from navab.options.topics import DriftSection
from navab.topics.clustering import Clustering, make_cluster
from navab.topics.drift import Drift, measure
from navab.topics.model import Topic, topic_frame

OPTIONS = Clustering(min_size=10, neighbors=5)


def around(direction: int, count: int, seed: int, noise: float = 0.05) -> Vectors:
    """Unit vectors around one of the axes of 32 dimensions."""
    rows = np.random.default_rng(seed).normal(0, noise, (count, 32))
    rows[:, direction] += 1
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def topics() -> pl.DataFrame:
    """Two topics, on the first and the second axis."""
    vectors = np.concatenate([around(0, 200, 1), around(1, 200, 2)])
    clusters = [make_cluster(vectors, rows) for rows in (np.arange(200), np.arange(200, 400))]
    return topic_frame([Topic(cluster) for cluster in clusters], np.arange(400), [7, 8])


def test_more_of_the_same_is_no_drift(topics: pl.DataFrame) -> None:
    drift = measure(np.concatenate([around(0, 200, 3), around(1, 200, 4)]), topics, OPTIONS)
    assert drift.outlier_share < 0.15
    assert drift.movement < 0.01
    assert drift.new_regions == 0
    assert drift.beyond(DriftSection()) == []


def test_new_subjects_are_outliers_and_dense_regions(topics: pl.DataFrame) -> None:
    new = [around(direction, 60, direction) for direction in (5, 6, 7)]
    drift = measure(np.concatenate([around(0, 100, 3), *new]), topics, OPTIONS)
    assert drift.outlier_share == pytest.approx(180 / 280, abs=0.05)
    assert drift.new_regions >= 3  # one subject may be seen as two
    reasons = drift.beyond(DriftSection())
    assert [reason.split(",")[0][:14] for reason in reasons] == ["outlier share ", "new dense regi"]


def test_a_topic_that_moves_is_told_from_one_that_has_few_articles(topics: pl.DataFrame) -> None:
    moved = around(0, 200, 3)
    moved[:, 9] += 0.25
    moved /= np.linalg.norm(moved, axis=1, keepdims=True)
    wide = topics.with_columns(pl.lit(0.5, dtype=pl.Float32).alias("min_similarity"))
    assert measure(moved, wide, OPTIONS).movement > 0.02
    assert measure(moved[:5], wide, OPTIONS).movement == 0


def test_nothing_new_is_no_drift(topics: pl.DataFrame) -> None:
    assert measure(to_matrix(pl.Series([], dtype=pl.List(pl.Float32))), topics, OPTIONS) == Drift(0.0, 0.0, 0)
