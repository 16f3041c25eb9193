"""Drift: whether a topic model still fits the articles that came after it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from navab.lake.arrays import to_matrix
from navab.models.embedder import Vectors
from navab.options.topics import DriftSection
from navab.topics.assignment import TAG
from navab.topics.clustering import Clustering, find_clusters
from navab.topics.cosines import cosines_of

# A topic with fewer new articles says nothing about where it moves.
_FEWEST = 10


@dataclass(frozen=True, slots=True)
class Drift:
    """What was measured on new articles.

    `outlier_share` is the share outside the limit of every cluster; `movement` the mean distance (1 - cosine) between
    a topic's centroid and that of its new articles, less what chance explains; `new_regions` how many dense groups
    the outliers form.
    """

    outlier_share: float
    movement: float
    new_regions: int

    def beyond(self, limits: DriftSection) -> list[str]:
        """Which limits are reached, in words."""
        measured = (
            ("outlier share", self.outlier_share, limits.outlier_share),
            ("centroid movement", self.movement, limits.movement),
            ("new dense regions", self.new_regions, limits.new_regions),
        )
        return [f"{name} {value:.2f}, limit {limit:.2f}" for name, value, limit in measured if value >= limit]


def measure(vectors: Vectors, topics: pl.DataFrame, options: Clustering) -> Drift:
    """Measure drift on vectors of new articles, shape (n, d), against the topics of a model; of none there is none."""
    if not len(vectors):
        return Drift(0.0, 0.0, 0)
    clusters = topics.filter(pl.col("kind").fill_null("") != TAG).sort("topic_id")
    centroids = to_matrix(clusters["centroid"])
    cosines = cosines_of(vectors, centroids)
    nearest = cosines.argmax(axis=1)
    limits = clusters["min_similarity"].to_numpy()
    outside = cosines.max(axis=1) < limits[nearest]
    moved = [_movement(vectors[(nearest == row) & ~outside], centroids[row]) for row in range(len(centroids))]
    known = [one for one in moved if one is not None]
    return Drift(
        outlier_share=float(outside.mean()),
        movement=float(np.average([m for m, _ in known], weights=[n for _, n in known])) if known else 0.0,
        new_regions=_regions(vectors[outside], float(np.median(limits)), options),
    )


def _movement(vectors: Vectors, centroid: npt.NDArray[np.float32]) -> tuple[float, int] | None:
    """How far the mean of vectors lies from a centroid, less the expected distance of a mean of so many."""
    count = len(vectors)
    if count < _FEWEST:
        return None
    mean = vectors.mean(axis=0)
    length = float(np.linalg.norm(mean))
    chance = (1 - length**2) / (2 * count * max(length**2, 1e-9))
    return max(0.0, 1 - float(mean @ centroid) / max(length, 1e-9) - chance), count


def _regions(outside: Vectors, typical: float, options: Clustering) -> int:
    """Groups of outliers that hold together as closely as topics typically do."""
    if len(outside) < 2 * options.min_size:
        return 0
    return sum(group.min_similarity >= typical for group in find_clusters(outside, options))
