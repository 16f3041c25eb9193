"""Topics: fit a topic model per nation on a sample, then give every canonical article its topic.

Reads live `embeddings` and canonical `articles`; writes the snapshots `topic_drift`, `topics` and `topic_changes`, and
one `article_topics` row per embedding. The model is fitted on a sample by source and month and kept until its options
change or the articles that came later no longer fit it; topics of a new model that continue old ones keep their ids.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from operator import itemgetter

import polars as pl

from navab.configuration import Configuration
from navab.lake.arrays import to_matrix
from navab.lake.hashing import combine, set_digest, signature
from navab.lake.schema import load_schema
from navab.lake.storage import Storage
from navab.live import canonical_articles, words_in_force
from navab.models.embedder import Embedders
from navab.models.engines import engine_identity, load_engine
from navab.nations.registry import Registry
from navab.stages.base import Equation, Output, Stage, Step, Unit, conform, embedders, equate, plan_rows, select
from navab.topics.assignment import COLUMNS, assign
from navab.topics.clustering import Clustering
from navab.topics.drift import measure
from navab.topics.fitting import Fit, Fitting, Sample, fit_topics
from navab.topics.model import Tagging
from navab.topics.naming import LABEL, TAGS, Article, Namer
from navab.topics.sampling import stratified
from navab.topics.sensitivity import value_areas
from navab.view import View

VERSION = 3
ASSIGNMENT_VERSION = 3
DRIFT_VERSION = 2
_FITTING = {"sample", "clustering", "min_cluster_size", "neighbors", "resolution"}
_TAGGING = {"tagged", "min_tag_size", "tag_similarity"}
_MEASURED = 5_000  # new articles on which drift is measured


def expected_drift(view: View) -> pl.DataFrame:
    """A new measurement for nations that have grown enough since the last fit or measurement; else what there is."""
    name = pl.col("nation").cast(pl.String)
    done = view.rows("topic_drift", "articles").select(name, "fingerprint", "articles")
    limits = view.configuration.topics.drift
    fitted = view.current("topics", "fitted_on").group_by(name).agg(pl.col("fitted_on").max())
    known = fitted.join(done, on="nation", how="full", coalesce=True)
    counts = view.live("embeddings").group_by(name).len("now")
    before = pl.max_horizontal("fitted_on", "articles")
    enough = pl.max_horizontal(before * (1 + limits.growth), before + limits.articles)
    due = known.join(counts, on="nation").filter(pl.col("fitted_on").is_not_null() & (pl.col("now") >= enough))
    prints = [
        (nation, signature("topic_drift", DRIFT_VERSION, nation=nation, counted=now, **limits.model_dump()))
        for nation, now in due.select("nation", "now").iter_rows()
    ]
    fresh = pl.DataFrame(prints, schema={"nation": pl.String, "fingerprint": pl.Int64}, orient="row")
    kept = done.select("nation", "fingerprint").join(fresh, on="nation", how="anti")
    return pl.concat([fresh, kept])


def expected_topics(view: View) -> pl.DataFrame:
    """One fingerprint for every nation that has embeddings."""
    models, configuration, generations = embedders(view), view.configuration, _generations(view)
    nations = view.live("embeddings")["nation"].unique().sort()
    prints = [
        signature(
            "topics",
            VERSION,
            nation=nation,
            seed=configuration.seed,
            embedder=models.identity(nation),
            lead_chars=models.of(nation).lead_chars,
            names=_named_by(view, nation),
            areas=value_areas().digest(),
            generation=generations.get(nation, 0),
            **configuration.topics.model_dump(include=_FITTING | _TAGGING),
        )
        for nation in nations
    ]
    return pl.DataFrame({"nation": nations, "fingerprint": pl.Series(prints, dtype=pl.Int64)})


def _generations(view: View) -> dict[str, int]:
    """The model that each nation wants: how many refits for drift came before."""
    return dict(view.rows("topic_drift", "generation").select("nation", "generation").iter_rows())


def _named_by(view: View, nation: str) -> list[object]:
    """What decides tags and labels; rules have no prompt, and tag without lexicons."""
    engine = view.configuration.engine
    if engine.kind == "rules":
        return [engine.kind]
    languages = view.registry.get(nation).languages
    return [dict(engine_identity(engine, prompt, language)) for prompt in (TAGS, LABEL) for language in languages]


def expected_article_topics(view: View) -> pl.DataFrame:
    rows = view.live("embeddings")
    models = _models(view.current("topics", "members"))
    return rows.select("article_id", "nation", _assigned_by(rows, models))


def _assigned_by(embedded: pl.DataFrame, models: Mapping[str, int]) -> pl.Series:
    """Fingerprints of article topics from those of embeddings and from the models of nations."""
    model = embedded["nation"].replace_strict(models, default=0, return_dtype=pl.Int64)
    made_by = signature("article_topics", ASSIGNMENT_VERSION)
    return pl.Series("fingerprint", combine(made_by, embedded["fingerprint"], model), dtype=pl.Int64)


def _models(topics: pl.DataFrame) -> dict[str, int]:
    """What identifies the fitted model of each nation: its topics and their members.

    The options alone do not: a nation that has grown gets another model when it returns to options it had before.
    """
    members = topics.explode("members", empty_as_null=False)
    return {
        str(nation): set_digest(rows["topic_id"], rows["members"]) for (nation,), rows in members.group_by("nation")
    }


def plan_drift(view: View) -> list[Unit]:
    """One unit for every nation whose model is to be measured, with a sample of the articles that came after it."""
    pending = view.pending("topic_drift").select("nation", "fingerprint")
    if pending.is_empty():
        return []
    units = []
    models = view.current("topics", *COLUMNS, "generation", "fitted_on")
    came = canonical_articles(view, "path").join(
        view.current("files", "read_at").select("read_at", path=pl.col("uri").cast(pl.Categorical)), on="path"
    )
    for nation, fingerprint in pending.iter_rows():
        topics = models.filter(pl.col("nation") == nation).drop("_file")
        embedded = view.live("embeddings").filter(pl.col("nation") == nation)
        ordered = embedded.join(came.select("article_id", "read_at"), on="article_id").sort("read_at", "article_id")
        later = ordered.tail(max(0, embedded.height - int(topics["fitted_on"].max() or 0)))  # type: ignore[arg-type]
        new = later.sort("article_id").head(_MEASURED)  # ids are hashes
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
    words = words_in_force(view)
    old = view.rows("topics", "lineage", "label")
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
        own_old = old.filter(pl.col("nation") == nation)
        own = sample.select("article_id").join(previous, on="article_id", how="left", maintain_order="left")
        fit = Fit(
            nation,
            fingerprint,
            generations.get(nation, 0),
            fitted_on=embedded.height,
            lineage=dict(own_old.select("topic_id", "lineage").iter_rows()),
            labels=dict(own_old.select("topic_id", "label").iter_rows()),
            words=words,
        )
        rows = own.with_columns(pl.lit(nation).alias("nation"), pl.lit(fingerprint).alias("fingerprint"))
        units.append(Unit(f"topics-{fingerprint & (2**64 - 1):016x}", nation, rows, reads, {"fit": fit}))
    return units


def _previous(view: View) -> pl.DataFrame:
    """The topics of articles under the models that the snapshot holds, current or not: article_id, previous.

    Of rows that an older version assigned, only the members of topics are known.
    """
    topics, embedded = view.rows("topics", "members"), view.rows("embeddings")
    prints = embedded.select("article_id", _assigned_by(embedded, _models(topics)))
    assigned = view.rows("article_topics", "topic_id").join(prints, on=["article_id", "fingerprint"], how="semi")
    members = topics.explode("members", empty_as_null=False).rename({"members": "article_id"})
    both = pl.concat([one.select("article_id", pl.col("topic_id").alias("previous")) for one in (members, assigned)])
    return both.unique("article_id", keep="first", maintain_order=True)


def plan_article_topics(view: View) -> list[Unit]:
    topics = view.current("topics", *COLUMNS)
    models = {nation: rows.drop("_file") for (nation,), rows in topics.group_by("nation")}
    units = plan_rows(view, "article_topics", {"embeddings": ("article_id", ("vector",))}, unit_rows=10_000)
    return [
        Unit(unit.name, unit.nation, unit.pending, unit.reads, {"topics": models[unit.nation]})
        for unit in units
        if unit.nation in models
    ]


def _clustering(configuration: Configuration) -> Clustering:
    options = configuration.topics
    return Clustering(
        options.clustering, options.min_cluster_size, options.neighbors, options.resolution, configuration.seed
    )


@dataclass(frozen=True)
class MeasureDrift:
    """Measures whether the model of one nation fits its new articles."""

    configuration: Configuration

    def __call__(self, unit: Unit, storage: Storage) -> Iterator[Output]:
        options, topics = self.configuration.topics, _frame(unit, "topics")
        vectors = to_matrix(unit.reads["embeddings"].read(storage).sort("article_id")["vector"])
        drift = measure(vectors, topics, _clustering(self.configuration))
        beyond = drift.beyond(options.drift)
        row = {
            "nation": unit.nation,
            "fingerprint": unit.pending["fingerprint"][0],
            "articles": unit.facts["articles"],
            "measured": len(vectors),
            "outlier_share": drift.outlier_share,
            "movement": drift.movement,
            "new_regions": drift.new_regions,
            "refit": bool(beyond),
            "reason": "; ".join(beyond) or None,
            "generation": int(topics["generation"].max() or 0) + bool(beyond),  # type: ignore[arg-type]
        }
        yield Output("topic_drift", load_schema("topic_drift").table([row]))


@dataclass(frozen=True)
class FitTopics:
    """Fits the topic model of one nation."""

    configuration: Configuration
    embedders: Embedders
    registry: Registry

    def __call__(self, unit: Unit, storage: Storage) -> Iterator[Output]:
        fit = unit.facts["fit"]
        assert isinstance(fit, Fit)
        options, languages = self.configuration.topics, self.registry.get(fit.nation).languages
        fitting = Fitting(
            _clustering(self.configuration),
            Tagging(options.tagged, options.min_tag_size, options.tag_similarity),
            self.configuration.screening.threshold,
            languages,
        )
        namer = Namer(load_engine(self.configuration.engine, self.registry), fit.nation, languages[0])
        fitted = fit_topics(_sample(unit, storage), fit, fitting, namer, self.embedders.load(fit.nation))
        yield Output("topic_changes", load_schema("topic_changes").table(fitted.changes))
        yield Output("topics", load_schema("topics").table(sorted(fitted.topics, key=itemgetter("topic_id"))))


def _sample(unit: Unit, storage: Storage) -> Sample:
    """The sample of a nation, sorted by article_id."""
    texts = unit.reads["articles"].read(storage).select("article_id", "title", "text", "language")
    vectors = unit.reads["embeddings"].read(storage).select("article_id", "vector")
    rows = unit.pending.join(vectors, on="article_id").join(texts, on="article_id").sort("article_id")
    articles = [
        Article(title or "", text, language or "")
        for title, text, language in rows.select("title", "text", "language").iter_rows()
    ]
    return Sample(rows["article_id"].to_numpy(), to_matrix(rows["vector"]), articles, rows["previous"].to_list())


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
            asks_engine=lambda view: True,
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
