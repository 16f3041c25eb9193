"""Topics: fit a topic model per nation on a sample, then give every canonical article its topic.

Reads live `embeddings` and canonical `articles`; writes the snapshot `topics` (UMAP, HDBSCAN and c-TF-IDF on a sample
that is chosen by hash order) and one `article_topics` row per embedding: members of a sample cluster by cluster, the
others by the nearest centroid within its limit. A model is fitted once and kept until its options change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from navab.configuration import Configuration
from navab.lake.arrays import to_matrix
from navab.lake.hashing import Int64Array, combine, set_digest, signature, text_hash
from navab.lake.storage import Storage
from navab.live import canonical_articles
from navab.models.embedder import Embedders, Vectors
from navab.stages.base import Equation, Output, Stage, Step, Unit, conform, embedders, equate, plan_rows, select
from navab.topics.clustering import Cluster, find_clusters
from navab.topics.keywords import keywords
from navab.topics.sensitivity import build_screen, value_areas
from navab.view import View

VERSION = 1
ASSIGNMENT_VERSION = 2
_TOPIC_COLUMNS = ("topic_id", "centroid", "min_similarity", "members")


def expected_topics(view: View) -> pl.DataFrame:
    """One fingerprint for every nation that has embeddings."""
    models, options = embedders(view), view.configuration.topics.model_dump()
    nations = view.live("embeddings")["nation"].unique().sort()
    prints = [
        signature("topics", VERSION, nation=nation, seed=view.configuration.seed, embedder=models.of(nation), **options)
        for nation in nations
    ]
    return pl.DataFrame({"nation": nations, "fingerprint": pl.Series(prints, dtype=pl.Int64)})


def expected_article_topics(view: View) -> pl.DataFrame:
    made_by = signature("article_topics", ASSIGNMENT_VERSION)
    rows = view.live("embeddings")
    models = rows["nation"].replace_strict(_models(view), default=0, return_dtype=pl.Int64)
    prints = combine(made_by, rows["fingerprint"], models)
    return rows.select("article_id", "nation", pl.Series("fingerprint", prints))


def _models(view: View) -> dict[str, int]:
    """What identifies the fitted model of each nation: its topics and their members.

    The options alone do not: a nation that has grown gets another model when it returns to options it had before.
    """
    members = view.current("topics", "members").explode("members", empty_as_null=False)
    return {
        str(nation): set_digest(rows["topic_id"], rows["members"]) for (nation,), rows in members.group_by("nation")
    }


def plan_topics(view: View) -> list[Unit]:
    """One unit for every nation without a current model."""
    articles = canonical_articles(view).select("article_id", "record_id")
    units = []
    for nation, fingerprint in view.pending("topics").select("nation", "fingerprint").iter_rows():
        embedded = view.live("embeddings").filter(pl.col("nation") == nation)
        sample = embedded.sort("article_id").head(view.configuration.topics.sample)  # ids are hashes
        rows = sample.select("article_id").join(articles, on="article_id", how="left")
        reads = {
            "embeddings": select(view, "embeddings", view.located("embeddings"), rows["article_id"], ("vector",)),
            "articles": select(
                view, "articles", view.located("articles"), rows["record_id"], ("article_id", "title", "text")
            ),
        }
        pending = rows.with_columns(pl.lit(nation).alias("nation"), pl.lit(fingerprint).alias("fingerprint"))
        units.append(Unit(f"topics-{fingerprint & (2**64 - 1):016x}", nation, pending, reads))
    return units


def plan_article_topics(view: View) -> list[Unit]:
    topics = view.current("topics", *_TOPIC_COLUMNS)
    models = {nation: rows.drop("_file") for (nation,), rows in topics.group_by("nation")}
    units = plan_rows(view, "article_topics", {"embeddings": ("article_id", ("vector",))}, unit_rows=10_000)
    return [
        Unit(unit.name, unit.nation, unit.pending, unit.reads, {"topics": models[unit.nation]})
        for unit in units
        if unit.nation in models
    ]


@dataclass(frozen=True)
class FitTopics:
    """Fits the topic model of one nation."""

    configuration: Configuration
    embedders: Embedders
    languages: Mapping[str, tuple[str, ...]]

    def __call__(self, unit: Unit, storage: Storage) -> Iterator[Output]:
        options = self.configuration.topics
        embeddings = unit.reads["embeddings"].read(storage).sort("article_id")
        vectors = to_matrix(embeddings["vector"])
        clusters = find_clusters(
            vectors, min_size=options.min_cluster_size, neighbors=options.neighbors, seed=self.configuration.seed
        )
        texts = dict(_texts(unit.reads["articles"].read(storage)))
        ids = embeddings["article_id"].to_numpy()
        words = keywords(
            [[texts[int(ids[row])] for row in cluster.members] for cluster in clusters],
            self.languages[str(unit.nation)],
        )
        rows = [self._row(unit, cluster, ids, best) for cluster, best in zip(clusters, words, strict=True)]
        yield Output("topics", conform(pl.DataFrame(rows).sort("topic_id"), "topics"))

    def _row(self, unit: Unit, cluster: Cluster, ids: Int64Array, words: list[str]) -> dict[str, object]:
        score, _ = build_screen(value_areas(), self.embedders.load(unit.nation)).score(cluster.centroid[None, :])
        members = sorted(int(ids[row]) for row in cluster.members)
        fingerprint = int(unit.pending["fingerprint"][0])
        return {
            "topic_id": text_hash(unit.nation, str(fingerprint), str(members[0])),
            "nation": unit.nation,
            "fingerprint": fingerprint,
            "label": ", ".join(words[:3]),
            "keywords": words,
            "size": len(members),
            "sensitive": bool(score[0] >= self.configuration.screening.threshold),
            "sensitivity": float(score[0]),
            "decided_by": "embedding",
            "centroid": cluster.centroid.tolist(),
            "min_similarity": cluster.min_similarity,
            "members": members,
        }


@dataclass(frozen=True)
class AssignTopics:
    """Assigns the articles of a unit to the topics of its nation."""

    def __call__(self, unit: Unit, storage: Storage) -> Iterator[Output]:
        topics: pl.DataFrame = unit.facts["topics"]  # type: ignore[assignment]
        embeddings = unit.reads["embeddings"].read(storage).select("article_id", "vector")
        rows = unit.pending.join(embeddings, on="article_id", how="inner").sort("article_id")
        assigned = assign(rows["article_id"], to_matrix(rows["vector"]), topics)
        yield Output("article_topics", conform(pl.concat([rows, assigned], how="horizontal"), "article_topics"))


def assign(ids: pl.Series, vectors: Vectors, topics: pl.DataFrame) -> pl.DataFrame:
    """Topic of each article: topic_id, probability (cosine) and assigned_by, in the order of `ids`."""
    topics = topics.sort("topic_id")
    centroids = to_matrix(topics["centroid"])
    similarity = vectors @ centroids.T
    nearest = similarity.argmax(axis=1)
    members = topics.select(pl.col("members").alias("article_id"), pl.int_range(pl.len()).alias("own")).explode(
        "article_id", empty_as_null=False
    )
    frame = pl.DataFrame({"article_id": ids, "nearest": nearest}).join(
        members, on="article_id", how="left", maintain_order="left"
    )
    chosen = frame.select(pl.coalesce("own", "nearest")).to_series().to_numpy()
    cosine = similarity[np.arange(len(chosen)), chosen].astype(np.float32)
    own = frame["own"].is_not_null().to_numpy()
    fits = own | (cosine >= topics["min_similarity"].to_numpy()[chosen])
    topic = pl.Series("topic_id", topics["topic_id"].to_numpy()[chosen])
    return pl.DataFrame({"fits": fits, "own": own, "topic_id": topic, "probability": cosine}).select(
        pl.when("fits").then("topic_id").alias("topic_id"),
        "probability",
        pl.when("own")
        .then(pl.lit("cluster"))
        .when("fits")
        .then(pl.lit("vector"))
        .otherwise(pl.lit("none"))
        .alias("assigned_by"),
    )


def _texts(articles: pl.DataFrame) -> Iterator[tuple[int, str]]:
    for article_id, title, text in articles.select("article_id", "title", "text").iter_rows():
        yield article_id, f"{title or ''}\n{text}"


def _languages(view: View) -> dict[str, tuple[str, ...]]:
    return {nation.code: nation.languages for nation in view.nations}


def conservation(view: View) -> list[Equation]:
    return equate("embeddings = article topics", view, view.live("embeddings"), view.live("article_topics"))


STAGE = Stage(
    name="topics",
    steps=(
        Step(
            name="topics",
            writes=("topics",),
            expected={"topics": expected_topics},
            plan=plan_topics,
            work=lambda view: FitTopics(view.configuration, embedders(view), _languages(view)),
            replaces=True,
            at_once=lambda view: view.configuration.resources.topic_fits,
        ),
        Step(
            name="article_topics",
            writes=("article_topics",),
            expected={"article_topics": expected_article_topics},
            plan=plan_article_topics,
            work=lambda view: AssignTopics(),
        ),
    ),
    conservation=conservation,
)
