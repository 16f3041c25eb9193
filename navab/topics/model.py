"""A nation's topic model: clusters of a sample, topics of its tagged outliers, and what it makes of an older model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from navab.lake.hashing import Int64Array
from navab.models.embedder import Vectors
from navab.topics.assignment import CLUSTER, TAG, assign
from navab.topics.clustering import Cluster, Clustering, find_clusters, make_cluster
from navab.topics.cosines import cosines_of
from navab.topics.matching import Change, match_topics
from navab.topics.tags import Embed, consolidate

# Tags of the outliers at some positions of the sample, in their order.
Tagger = Callable[[Sequence[int]], Sequence[Sequence[str]]]
# Within this share of the members of a topic of tags lies its limit: what only shares a word stays out.
_TAG_QUANTILE = 0.5


@dataclass(frozen=True, slots=True)
class Tagging:
    """How outliers are tagged: how many, and which of their tags make a topic."""

    most: int
    min_size: int
    min_similarity: float


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic of the sample; `tag` is set if its articles were outliers that share it."""

    cluster: Cluster
    tag: str | None = None

    @property
    def kind(self) -> str:
        return CLUSTER if self.tag is None else TAG


def find_topics(
    vectors: Vectors,
    options: Clustering,
    tagging: Tagging,
    tagger: Tagger,
    embed: Embed,
    previous: Sequence[int | None] = (),
) -> list[Topic]:
    """Topics of a sample of unit vectors, shape (n, d); the sample's order decides which outliers are tagged.

    `previous` has the old topic id of each, if there is an older model: topics then change no more than they must.
    """
    old = {topic: number for number, topic in enumerate(sorted({one for one in previous if one is not None}))}
    before = np.array([-1 if one is None else old[one] for one in previous], dtype=np.int64) if old else None
    topics = [Topic(cluster) for cluster in find_clusters(vectors, options, before)]
    outliers = np.setdiff1d(np.arange(len(vectors)), np.concatenate([one.cluster.members for one in topics]))
    tagged = outliers[: tagging.most]
    if len(tagged) < tagging.min_size:
        return topics
    groups = consolidate(
        tagger(tagged.tolist()), embed, min_size=tagging.min_size, min_similarity=tagging.min_similarity
    )
    return topics + [Topic(_tagged_cluster(vectors, tagged[group.members]), group.tag) for group in groups]


def _tagged_cluster(vectors: Vectors, rows: Int64Array) -> Cluster:
    """All articles with a tag are members, wherever they lie."""
    whole = make_cluster(vectors, rows)
    limit = float(np.quantile(cosines_of(vectors[rows], whole.centroid[None]), _TAG_QUANTILE))
    return Cluster(rows, whole.centroid, limit, limit)


def topic_frame(topics: Sequence[Topic], ids: Int64Array, topic_ids: Sequence[int]) -> pl.DataFrame:
    """What assignment reads of topics; `ids` are the sample's articles."""
    return pl.DataFrame(
        {
            "topic_id": topic_ids,
            "kind": [topic.kind for topic in topics],
            "centroid": [topic.cluster.centroid.tolist() for topic in topics],
            "min_similarity": [topic.cluster.min_similarity for topic in topics],
            "floor_similarity": [topic.cluster.floor_similarity for topic in topics],
            "members": [sorted(ids[topic.cluster.members].tolist()) for topic in topics],
        },
        schema_overrides={
            "topic_id": pl.Int64,
            "centroid": pl.List(pl.Float32),
            "min_similarity": pl.Float32,
            "floor_similarity": pl.Float32,
            "members": pl.List(pl.Int64),
        },
    )


def compare(topics: Sequence[Topic], ids: Int64Array, vectors: Vectors, previous: Sequence[int | None]) -> list[Change]:
    """What became of the old topics of the sample's articles."""
    frame = topic_frame(topics, ids, range(len(topics)))
    found = assign(pl.Series("article_id", ids), vectors, frame)["topic_id"].fill_null(-1)
    after: npt.NDArray[np.int64] = found.to_numpy().astype(np.int64)
    return match_topics(previous, after, len(topics))
