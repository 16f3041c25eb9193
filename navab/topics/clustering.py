"""Topic clusters of a sample: communities of the nearest-neighbour graph, or the paper's UMAP and HDBSCAN."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from navab.lake.hashing import Int64Array
from navab.models.embedder import Vectors
from navab.topics.cosines import cosines_of
from navab.topics.neighbours import nearest

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Labels = npt.NDArray[np.int64]
Method = Literal["communities", "density"]

DIMENSIONS = 5
# Below this many articles neighbourhoods are too small for UMAP; vectors are clustered as they are.
FEWEST_FOR_UMAP = 60
# Members farther out than this share of their topic are outliers, whatever community they are in.
_OUTER_QUANTILE = 0.05
# As far out as this an article still belongs to a topic if nothing else fits it better.
_FLOOR_QUANTILE = 0.01
_ROUNDING = 1e-5  # assignment compares rounded cosines
# From this many articles on topics get finer as the sample grows, with its square root.
_FINER_FROM = 2_000
# How strongly an article is tied to its old topic, as a share of its ties to its neighbours.
_ANCHOR = 0.1


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster: positions of its members, their mean direction, and the cosines that admit others.

    An article belongs to its nearest cluster from `min_similarity` on, and from `floor_similarity` on if it has no
    better place.
    """

    members: Int64Array
    centroid: npt.NDArray[np.float32]
    min_similarity: float
    floor_similarity: float


@dataclass(frozen=True, slots=True)
class Clustering:
    """How clusters are found; `min_size` is the least number of members."""

    method: Method = "communities"
    min_size: int = 15
    neighbors: int = 30
    resolution: float = 1.5
    seed: int = 0


def find_clusters(vectors: Vectors, options: Clustering, before: Labels | None = None) -> list[Cluster]:
    """Cluster unit vectors of shape (n, d); what is in no cluster is an outlier.

    `before` has the number of the topic that each had in an older model, -1 for none: communities then change no more
    than they must. One cluster of all is returned where the sample shows none, so that every nation has a topic.
    """
    labels = _labels(vectors, options, before)
    found = [np.flatnonzero(labels == label) for label in range(labels.max(initial=-1) + 1)]
    whole = [rows for rows in found if len(rows) >= options.min_size] or [np.arange(len(vectors))]
    return [make_cluster(vectors, rows) for rows in whole]


def make_cluster(vectors: Vectors, rows: Int64Array) -> Cluster:
    """The cluster of some rows; the outermost of them are none of its members."""
    mean = vectors[rows].mean(axis=0)
    centroid = (mean / max(float(np.linalg.norm(mean)), 1e-9)).astype(np.float32)
    cosines = cosines_of(vectors[rows], centroid[None])[:, 0]
    # Below a true quantile: of a handful of articles the outermost is no outlier.
    floor, limit = (
        float(np.quantile(cosines, share, method="lower")) - _ROUNDING for share in (_FLOOR_QUANTILE, _OUTER_QUANTILE)
    )
    return Cluster(rows[cosines >= limit].astype(np.int64), centroid, limit, floor)


def _labels(vectors: Vectors, options: Clustering, before: Labels | None) -> Labels:
    if len(vectors) < 2 * options.min_size:
        return np.full(len(vectors), -1, dtype=np.int64)
    if options.method == "density":
        return _dense_regions(vectors, options)
    return _communities(vectors, options, before)


def _communities(vectors: Vectors, options: Clustering, before: Labels | None) -> Labels:
    """Leiden communities (Traag et al. 2019) of the graph of nearest neighbours, weighted by cosine; largest first.

    Modularity alone finds few communities however large the graph is, so its resolution grows with the sample.
    """
    resolution = options.resolution * max(1.0, (len(vectors) / _FINER_FROM) ** 0.5)
    graph = _graph(vectors, options.neighbors)
    if before is not None and before.max(initial=-1) >= 0:
        graph = _anchored(graph, before)
    found = _leiden(graph, resolution, options.seed)[: len(vectors)]
    _, first, labels, sizes = np.unique(found, return_index=True, return_inverse=True, return_counts=True)
    rank = np.empty(len(sizes), dtype=np.int64)
    rank[np.lexsort((first, -sizes))] = np.arange(len(sizes))
    return rank[labels]


def _leiden(graph: csr_matrix, resolution: float, seed: int) -> Labels:
    """The community of every node of an undirected graph without loops."""
    from graspologic_native import leiden  # noqa: PLC0415  (needed only where topics are fitted)
    from scipy.sparse import triu  # noqa: PLC0415  (as above)

    half = triu(graph, k=1).tocoo()
    edges = list(zip(map(str, half.row.tolist()), map(str, half.col.tolist()), half.data.tolist(), strict=True))
    _, communities = leiden(edges, resolution=resolution, seed=seed)
    return np.array([communities[str(node)] for node in range(graph.shape[0])], dtype=np.int64)


def _anchored(graph: csr_matrix, before: Labels) -> csr_matrix:
    """A graph with one more node for every old topic, tied to each of its articles."""
    from scipy.sparse import block_array, csr_matrix  # noqa: PLC0415  (as above)

    rows = np.flatnonzero(before >= 0)
    strength = np.asarray(graph.sum(axis=1)).ravel()[rows] * _ANCHOR
    ties = csr_matrix((strength, (rows, before[rows])), shape=(len(before), int(before.max()) + 1))
    return csr_matrix(block_array([[graph, ties], [ties.T, None]]))


def _graph(vectors: Vectors, neighbors: int) -> csr_matrix:
    """Symmetric sparse matrix of the cosines between neighbours."""
    from scipy.sparse import csr_matrix  # noqa: PLC0415  (as above)

    count = min(neighbors, max(2, len(vectors) // 10))
    positions, cosines = nearest(vectors, count)
    rows = np.repeat(np.arange(len(vectors)), count)
    weights = np.maximum(cosines, 1e-6).ravel()
    graph = csr_matrix((weights, (rows, positions.ravel())), shape=(len(vectors), len(vectors)))
    return graph.maximum(graph.T).tocsr()


def _dense_regions(vectors: Vectors, options: Clustering) -> Labels:
    """UMAP to 5 dimensions, then HDBSCAN (as in the paper, after BERTopic)."""
    from sklearn.cluster import HDBSCAN  # noqa: PLC0415  (seconds to import, needed only here)

    points = _reduce(vectors, options) if len(vectors) >= FEWEST_FOR_UMAP else vectors
    labels: Labels = HDBSCAN(min_cluster_size=options.min_size, copy=True).fit_predict(points).astype(np.int64)
    return labels


def _reduce(vectors: Vectors, options: Clustering) -> npt.NDArray[np.float32]:
    from umap import UMAP  # noqa: PLC0415  (compiles on import, needed only here)

    model = UMAP(
        n_neighbors=options.neighbors,
        n_components=DIMENSIONS,
        min_dist=0.0,
        metric="cosine",
        random_state=options.seed,
        n_jobs=1,
    )
    reduced: npt.NDArray[np.float32] = model.fit_transform(vectors)
    return reduced
