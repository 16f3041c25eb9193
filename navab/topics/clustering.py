"""Topic clusters of a sample: UMAP to 5 dimensions, then HDBSCAN (as in the paper, after BERTopic)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from navab.lake.hashing import Int64Array
from navab.models.embedder import Vectors

DIMENSIONS = 5
# Below this many articles neighbourhoods are too small for UMAP; vectors are clustered as they are.
FEWEST_FOR_UMAP = 60
_MEMBER_QUANTILE = 0.05


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster: positions of its members, their mean direction, and the cosine that admits others."""

    members: Int64Array
    centroid: npt.NDArray[np.float32]
    min_similarity: float


def find_clusters(vectors: Vectors, *, min_size: int, neighbors: int, seed: int) -> list[Cluster]:
    """Cluster unit vectors of shape (n, d); every cluster has at least `min_size` members, the rest are outliers.

    One cluster of all is returned where density shows none, so that every nation has a topic.
    """
    labels = _labels(vectors, min_size, neighbors, seed)
    found = [np.flatnonzero(labels == label) for label in range(labels.max(initial=-1) + 1)]
    members = found or [np.arange(len(vectors))]
    return [_cluster(vectors, rows.astype(np.int64)) for rows in members]


def _labels(vectors: Vectors, min_size: int, neighbors: int, seed: int) -> npt.NDArray[np.int64]:
    from sklearn.cluster import HDBSCAN  # noqa: PLC0415  (seconds to import, needed only here)

    if len(vectors) < 2 * min_size:
        return np.full(len(vectors), -1, dtype=np.int64)
    points = _reduce(vectors, neighbors, seed) if len(vectors) >= FEWEST_FOR_UMAP else vectors
    labels: npt.NDArray[np.int64] = HDBSCAN(min_cluster_size=min_size, copy=True).fit_predict(points)
    return labels


def _reduce(vectors: Vectors, neighbors: int, seed: int) -> npt.NDArray[np.float32]:
    from umap import UMAP  # noqa: PLC0415  (compiles on import, needed only here)

    model = UMAP(
        n_neighbors=neighbors, n_components=DIMENSIONS, min_dist=0.0, metric="cosine", random_state=seed, n_jobs=1
    )
    reduced: npt.NDArray[np.float32] = model.fit_transform(vectors)
    return reduced


def _cluster(vectors: Vectors, rows: Int64Array) -> Cluster:
    mean = vectors[rows].mean(axis=0)
    centroid = (mean / max(float(np.linalg.norm(mean)), 1e-9)).astype(np.float32)
    limit = float(np.quantile(vectors[rows] @ centroid, _MEMBER_QUANTILE))
    return Cluster(rows, centroid, limit)
