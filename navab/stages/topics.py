"""Topics: fit a topic model per nation on a sample, then give every canonical article its topic.

Reads live `embeddings` and canonical `articles`; writes the snapshots `topic_drift`, `topics` and `topic_changes`, and
one `article_topics` row per embedding. The model is fitted on a sample by source and month and kept until its options
change or the articles that came later no longer fit it; topics of a new model that continue old ones keep their ids.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from navab.configuration import Configuration
from navab.lake.arrays import to_matrix
from navab.lake.hashing import Int64Array, combine, set_digest, signature, text_hash
from navab.lake.schema import load_schema
from navab.lake.storage import Storage
from navab.live import canonical_articles, latest_words
from navab.models.embedder import Embedders
from navab.models.engine import Request
from navab.models.engines import load_engine
from navab.models.prompts import Prompt
from navab.models.responses import ArticleTags, TopicLabel
from navab.nations.registry import Registry
from navab.options.topics import TopicsSection
from navab.stages.base import Equation, Output, Stage, Step, Unit, conform, embedders, equate, plan_rows, select
from navab.topics.assignment import COLUMNS, assign
from navab.topics.clustering import Clustering
from navab.topics.drift import measure
from navab.topics.keywords import keywords
from navab.topics.matching import Change
from navab.topics.model import Tagging, Topic, compare, find_topics
from navab.topics.sampling import stratified
from navab.topics.sensitivity import Screen, build_screen, value_areas
from navab.view import View

VERSION = 2
ASSIGNMENT_VERSION = 3
DRIFT_VERSION = 1
TAGS = Prompt("navab.stages", "tags", 1)
LABEL = Prompt("navab.stages", "topic_label", 1)
_DECIDING = {"sample", "clustering", "min_cluster_size", "neighbors", "resolution", "tagged", "min_tag_size"}
_KEYWORD_TEXTS = 200  # of a topic
_HEADLINES = 8
_MEASURED = 5_000  # new articles on which drift is measured


def expected_drift(view: View) -> pl.DataFrame:
    """A new measurement for nations that have grown enough since the last fit or measurement; else what there is."""
    name = pl.col("nation").cast(pl.String)
    done = view.rows("topic_drift", "articles").select(name, "fingerprint", "articles")
    growth = view.configuration.topics.drift.growth
    fitted = view.current("topics", "fitted_on").group_by(name).agg(pl.col("fitted_on").max())
    known = fitted.join(done, on="nation", how="full", coalesce=True)
    counts = view.live("embeddings").group_by(name).len("now")
    due = known.join(counts, on="nation").filter(
        pl.col("fitted_on").is_not_null() & (pl.col("now") >= pl.max_horizontal("fitted_on", "articles") * (1 + growth))
    )
    options = view.configuration.topics.drift.model_dump()
    prints = [
        (nation, signature("topic_drift", DRIFT_VERSION, nation=nation, articles=now, **options))
        for nation, now in due.select("nation", "now").iter_rows()
    ]
    fresh = pl.DataFrame(prints, schema={"nation": pl.String, "fingerprint": pl.Int64}, orient="row")
    kept = done.select("nation", "fingerprint").join(fresh, on="nation", how="anti")
    return pl.concat([fresh, kept])


def expected_topics(view: View) -> pl.DataFrame:
    """One fingerprint for every nation that has embeddings."""
    models, configuration = embedders(view), view.configuration
    nations = view.live("embeddings")["nation"].unique().sort()
    generation = _generations(view)
    prints = [
        signature(
            "topics",
            VERSION,
            nation=nation,
            seed=configuration.seed,
            embedder=models.identity(nation),
            lead_chars=models.of(nation).lead_chars,
            engine=configuration.engine.kind if configuration.engine.kind == "rules" else configuration.engine.model,
            areas=value_areas().digest(),
            generation=generation.get(nation, 0),
            **configuration.topics.model_dump(include=_DECIDING | {"tag_similarity"}),
        )
        for nation in nations
    ]
    return pl.DataFrame({"nation": nations, "fingerprint": pl.Series(prints, dtype=pl.Int64)})


def _generations(view: View) -> dict[str, int]:
    """The model that each nation wants: how many refits for drift came before."""
    return dict(view.rows("topic_drift", "generation").select("nation", "generation").iter_rows())


def expected_article_topics(view: View) -> pl.DataFrame:
    rows = view.live("embeddings")
    models = _models(view.current("topics", "members"))
    return rows.select("article_id", "nation", _assigned_by(rows, models, ASSIGNMENT_VERSION))


def _assigned_by(embedded: pl.DataFrame, models: Mapping[str, int], version: int) -> pl.Series:
    """Fingerprints of article topics from those of embeddings and from the models of nations."""
    model = embedded["nation"].replace_strict(models, default=0, return_dtype=pl.Int64)
    return pl.Series(
        "fingerprint", combine(signature("article_topics", version), embedded["fingerprint"], model), dtype=pl.Int64
    )


def _models(topics: pl.DataFrame) -> dict[str, int]:
    """What identifies the fitted model of each nation: its topics and their members.

    The options alone do not: a nation that has grown gets another model when it returns to options it had before.
    """
    members = topics.explode("members", empty_as_null=False)
    return {
        str(nation): set_digest(rows["topic_id"], rows["members"]) for (nation,), rows in members.group_by("nation")
    }


def plan_drift(view: View) -> list[Unit]:
    """One unit for every nation whose model is to be measured, with the latest of its articles."""
    units = []
    models = view.current("topics", *COLUMNS, "generation")
    for nation, fingerprint in view.pending("topic_drift").select("nation", "fingerprint").iter_rows():
        topics = models.filter(pl.col("nation") == nation).drop("_file")
        embedded = view.live("embeddings").filter(pl.col("nation") == nation)
        known = view.live("article_topics").select("article_id")
        new = embedded.join(known, on="article_id", how="anti").sort("article_id").head(_MEASURED)  # ids are hashes
        reads = {"embeddings": select(view, "embeddings", view.located("embeddings"), new["article_id"], ("vector",))}
        pending = new.select("article_id", "nation", pl.lit(fingerprint).alias("fingerprint"))
        facts = {"topics": topics, "articles": embedded.height}
        units.append(Unit(f"topic-drift-{fingerprint & (2**64 - 1):016x}", nation, pending, reads, facts))
    return units


def plan_topics(view: View) -> list[Unit]:
    """One unit for every nation without a current model: its sample, and the old topics of the sample's articles."""
    pending = view.pending("topics").select("nation", "fingerprint")
    if pending.is_empty():
        return []
    articles = canonical_articles(view, "source", "published_at").select(
        "article_id", "record_id", "source", pl.col("published_at").dt.strftime("%Y-%m").alias("month")
    )
    previous, generations = _previous(view), _generations(view)
    old = view.rows("topics", "lineage").select("topic_id", "nation", "lineage")
    units = []
    for nation, fingerprint in pending.iter_rows():
        embedded = view.live("embeddings").filter(pl.col("nation") == nation).select("article_id")
        rows = embedded.join(articles, on="article_id", how="left")
        sample = stratified(rows, ("source", "month"), view.configuration.topics.sample)
        reads = {
            "embeddings": select(view, "embeddings", view.located("embeddings"), sample["article_id"], ("vector",)),
            "articles": select(
                view,
                "articles",
                view.located("articles"),
                sample["record_id"],
                ("article_id", "title", "text", "language"),
            ),
        }
        own = sample.select("article_id").join(previous, on="article_id", how="left", maintain_order="left")
        facts = {
            "fitted_on": embedded.height,
            "generation": generations.get(nation, 0),
            "lineage": dict(old.filter(pl.col("nation") == nation).select("topic_id", "lineage").iter_rows()),
            "words": dict(latest_words(view).select("topic_id", "person").iter_rows()),
        }
        rows = own.with_columns(pl.lit(nation).alias("nation"), pl.lit(fingerprint).alias("fingerprint"))
        units.append(Unit(f"topics-{fingerprint & (2**64 - 1):016x}", nation, rows, reads, facts))
    return units


def _previous(view: View) -> pl.DataFrame:
    """The topics of articles under the models that the snapshot holds, current or not: article_id, previous."""
    models = _models(view.rows("topics", "members"))
    embedded = view.rows("embeddings").select("article_id", "nation", "fingerprint")
    prints = pl.concat(
        [
            embedded.select("article_id", _assigned_by(embedded, models, version))
            for version in (ASSIGNMENT_VERSION - 1, ASSIGNMENT_VERSION)
        ]
    )
    rows = view.rows("article_topics", "topic_id").join(prints, on=["article_id", "fingerprint"], how="semi")
    return rows.select("article_id", pl.col("topic_id").alias("previous")).unique("article_id", keep="any")


def plan_article_topics(view: View) -> list[Unit]:
    topics = view.current("topics", *COLUMNS)
    models = {nation: rows.drop("_file") for (nation,), rows in topics.group_by("nation")}
    units = plan_rows(view, "article_topics", {"embeddings": ("article_id", ("vector",))}, unit_rows=10_000)
    return [
        Unit(unit.name, unit.nation, unit.pending, unit.reads, {"topics": models[unit.nation]})
        for unit in units
        if unit.nation in models
    ]


def _clustering(options: TopicsSection, seed: int) -> Clustering:
    return Clustering(options.clustering, options.min_cluster_size, options.neighbors, options.resolution, seed)


@dataclass(frozen=True)
class MeasureDrift:
    """Measures whether the model of one nation fits its new articles."""

    configuration: Configuration

    def __call__(self, unit: Unit, storage: Storage) -> Iterator[Output]:
        options, topics = self.configuration.topics, _frame(unit, "topics")
        vectors = to_matrix(unit.reads["embeddings"].read(storage).sort("article_id")["vector"])
        drift = measure(vectors, topics, _clustering(options, self.configuration.seed))
        limits = options.drift
        passed = [
            f"{name} {value:.2f}, limit {limit:.2f}"
            for name, value, limit in (
                ("outlier share", drift.outlier_share, limits.outlier_share),
                ("centroid movement", drift.movement, limits.movement),
                ("new dense regions", drift.new_regions, limits.new_regions),
            )
            if value >= limit
        ]
        row = {
            "nation": unit.nation,
            "fingerprint": unit.pending["fingerprint"][0],
            "articles": unit.facts["articles"],
            "measured": len(vectors),
            "outlier_share": drift.outlier_share,
            "movement": drift.movement,
            "new_regions": drift.new_regions,
            "refit": bool(passed),
            "reason": "; ".join(passed) or None,
            "generation": int(topics["generation"].max() or 0) + bool(passed),  # type: ignore[arg-type]
        }
        yield Output("topic_drift", load_schema("topic_drift").table([row]))


@dataclass(frozen=True)
class FitTopics:
    """Fits the topic model of one nation."""

    configuration: Configuration
    embedders: Embedders
    registry: Registry

    def __call__(self, unit: Unit, storage: Storage) -> Iterator[Output]:
        sample = _Sample.read(unit, storage)
        options, embedder = self.configuration.topics, self.embedders.load(unit.nation)
        topics = find_topics(
            sample.vectors,
            _clustering(options, self.configuration.seed),
            Tagging(options.tagged, options.min_tag_size, options.tag_similarity),
            lambda rows: self._tags(unit, [sample.articles[row] for row in rows]),
            embedder.encode,
            sample.previous,
        )
        changes = compare(topics, sample.ids, sample.vectors, sample.previous)
        languages = self.registry.get(str(unit.nation)).languages
        texts = [[sample.articles[row].whole for row in topic.cluster.members[:_KEYWORD_TEXTS]] for topic in topics]
        words = keywords(texts, languages, embed=embedder.encode)
        labels = self._labels(unit, topics, words, sample)
        screen = build_screen(value_areas(), embedder)
        rows = [
            self._row(unit, sample, topic, change, best, label, screen)
            for topic, change, best, label in zip(topics, changes, words, labels, strict=False)
        ]
        changed = _changes(unit, rows, changes)
        yield Output("topic_changes", load_schema("topic_changes").table(changed))
        yield Output("topics", conform(pl.DataFrame(rows, infer_schema_length=None).sort("topic_id"), "topics"))

    def _tags(self, unit: Unit, articles: Sequence[_Article]) -> list[list[str]]:
        """The engine's tags of some articles; none where it had no answer."""
        requests = [
            Request(TAGS, str(unit.nation), one.language, {"title": one.title, "text": one.lead}, ArticleTags)
            for one in articles
        ]
        answers = load_engine(self.configuration.engine, self.registry).generate(requests)
        return [answer.parsed.tags if isinstance(answer.parsed, ArticleTags) else [] for answer in answers]

    def _labels(
        self, unit: Unit, topics: Sequence[Topic], words: Sequence[Sequence[str]], sample: _Sample
    ) -> list[tuple[str, str | None]]:
        """Label and label in the nation's language of each topic: keywords, unless there is a model to ask."""
        plain: list[tuple[str, str | None]] = [(", ".join(best[:3]), None) for best in words]
        if self.configuration.engine.kind == "rules":
            return plain
        language = self.registry.get(str(unit.nation)).languages[0]
        requests = [
            Request(
                LABEL,
                str(unit.nation),
                language,
                {
                    "language_name": language,
                    "keywords": ", ".join(best),
                    "headlines": "\n".join(sample.articles[row].title for row in topic.cluster.members[:_HEADLINES]),
                },
                TopicLabel,
            )
            for topic, best in zip(topics, words, strict=True)
        ]
        answers = load_engine(self.configuration.engine, self.registry).generate(requests)
        return [
            (answer.parsed.english, answer.parsed.native) if isinstance(answer.parsed, TopicLabel) else own
            for answer, own in zip(answers, plain, strict=True)
        ]

    def _row(
        self,
        unit: Unit,
        sample: _Sample,
        topic: Topic,
        change: Change,
        words: list[str],
        label: tuple[str, str | None],
        screen: Screen,
    ) -> dict[str, Any]:
        members = sorted(int(sample.ids[row]) for row in topic.cluster.members)
        fingerprint = int(unit.pending["fingerprint"][0])
        topic_id = change.kept
        if topic_id is None:
            topic_id = text_hash(unit.nation, str(fingerprint), topic.kind, str(members[0]))
        scores, _ = screen.score(sample.vectors[topic.cluster.members])
        sensitivity = float(scores.mean())
        lineage = _lineage(topic_id, change, unit)
        words_of: dict[int, bool] = unit.facts["words"]  # type: ignore[assignment]
        person = next((words_of[one] for one in (topic_id, *lineage) if one in words_of), None)
        return {
            "topic_id": topic_id,
            "nation": unit.nation,
            "fingerprint": fingerprint,
            "label": label[0],
            "label_native": label[1],
            "keywords": words,
            "size": len(members),
            "sensitive": bool(sensitivity >= self.configuration.screening.threshold) if person is None else person,
            "sensitivity": sensitivity,
            "decided_by": "embedding" if person is None else "person",
            "centroid": topic.cluster.centroid.tolist(),
            "min_similarity": topic.cluster.min_similarity,
            "members": members,
            "kind": topic.kind,
            "floor_similarity": topic.cluster.floor_similarity,
            "lineage": lineage,
            "generation": unit.facts["generation"],
            "fitted_on": unit.facts["fitted_on"],
        }


@dataclass(frozen=True, slots=True)
class _Article:
    title: str
    text: str
    language: str

    @property
    def lead(self) -> str:
        return self.text[:1500]

    @property
    def whole(self) -> str:
        return f"{self.title}\n{self.text}"


@dataclass(frozen=True, slots=True)
class _Sample:
    """The sample of a nation, sorted by article_id."""

    ids: Int64Array
    vectors: np.ndarray[Any, np.dtype[np.float32]]
    articles: list[_Article]
    previous: list[int | None]

    @classmethod
    def read(cls, unit: Unit, storage: Storage) -> _Sample:
        texts = unit.reads["articles"].read(storage).select("article_id", "title", "text", "language")
        vectors = unit.reads["embeddings"].read(storage).select("article_id", "vector")
        rows = unit.pending.join(vectors, on="article_id").join(texts, on="article_id").sort("article_id")
        articles = [
            _Article(title or "", text, language or "")
            for title, text, language in rows.select("title", "text", "language").iter_rows()
        ]
        return cls(rows["article_id"].to_numpy(), to_matrix(rows["vector"]), articles, rows["previous"].to_list())


@dataclass(frozen=True)
class AssignTopics:
    """Assigns the articles of a unit to the topics of its nation."""

    def __call__(self, unit: Unit, storage: Storage) -> Iterator[Output]:
        embeddings = unit.reads["embeddings"].read(storage).select("article_id", "vector")
        rows = unit.pending.join(embeddings, on="article_id", how="inner").sort("article_id")
        assigned = assign(rows["article_id"], to_matrix(rows["vector"]), _frame(unit, "topics"))
        yield Output("article_topics", conform(pl.concat([rows, assigned], how="horizontal"), "article_topics"))


def _frame(unit: Unit, name: str) -> pl.DataFrame:
    frame = unit.facts[name]
    assert isinstance(frame, pl.DataFrame)
    return frame


def _lineage(topic_id: int, change: Change, unit: Unit) -> list[int]:
    """Old topics that most of a topic's articles came from, and theirs; not those that it merely took in."""
    before: dict[int, list[int] | None] = unit.facts["lineage"]  # type: ignore[assignment]
    sources = change.related[:1] if change.event in ("split", "kept", "merged") else ()
    every = [one for source in (topic_id, *sources) for one in (source, *(before.get(source) or ()))]
    return [one for one in dict.fromkeys(every) if one != topic_id]


def _changes(unit: Unit, rows: Sequence[Mapping[str, Any]], changes: Sequence[Change]) -> list[dict[str, Any]]:
    """Rows of topic_changes: one for every topic, and one for every topic that died."""
    words_of: dict[int, bool] = unit.facts["words"]  # type: ignore[assignment]
    made = []
    for change in changes:
        row = rows[change.topic] if change.topic is not None else None
        topic_id = int(row["topic_id"]) if row else change.related[0]
        heard = {topic_id, *(row["lineage"] if row else ())}
        lost = [one for one in change.related if one in words_of and (row is None or one not in heard)]
        made.append(
            {
                "topic_id": topic_id,
                "nation": unit.nation,
                "fingerprint": int(unit.pending["fingerprint"][0]),
                "event": change.event,
                "label": row["label"] if row else "",
                "size": row["size"] if row else 0,
                "related": list(change.related),
                "note": "a person's word on a topic that is gone: decide anew" if lost else None,
            }
        )
    return made


def conservation(view: View) -> list[Equation]:
    return equate("embeddings = article topics", view, view.live("embeddings"), view.live("article_topics"))


STAGE = Stage(
    name="topics",
    steps=(
        Step(
            name="topic_drift",
            writes=("topic_drift",),
            expected={"topic_drift": expected_drift},
            plan=plan_drift,
            work=lambda view: MeasureDrift(view.configuration),
            replaces=True,
        ),
        Step(
            name="topics",
            writes=("topic_changes", "topics"),
            expected={"topic_changes": expected_topics, "topics": expected_topics},
            plan=plan_topics,
            work=lambda view: FitTopics(view.configuration, embedders(view), view.registry),
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
