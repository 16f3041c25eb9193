"""Screening: decide which articles are value-sensitive.

Reads live `article_topics`, `embeddings`, the `overrides` of people and, where the engine judges, `articles`; writes
one `screening` row per article. An article's sensitivity is its own score, steadied by that of its topic; near the
threshold the engine may be asked; a person's word on a topic wins.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from navab.configuration import Configuration
from navab.lake.arrays import to_matrix
from navab.lake.hashing import combine, signature, text_hash
from navab.lake.storage import Storage
from navab.live import canonical_articles, words_on_topics
from navab.models.embedder import Embedders
from navab.models.engines import engine_identity, load_engine
from navab.nations.registry import Registry
from navab.stages.base import (
    Equation,
    Output,
    Stage,
    Step,
    Unit,
    conform,
    embedders,
    engine_unit_rows,
    equate,
    plan_rows,
    signatures_by_nation,
)
from navab.topics.engine_screen import PROMPT, EngineScreen, check_engine_screen
from navab.topics.naming import Article
from navab.topics.sensitivity import build_screen, value_areas
from navab.view import View

VERSION = 2
_TOPIC_SHARE = 0.3
_TEXT = ("article_id", "title", "text", "language")


def _decisions(view: View) -> pl.DataFrame:
    """Live article topics with the score of their topic and a person's word on it, as it is and as a number."""
    topics = view.current("topics", "sensitivity").select("topic_id", pl.col("sensitivity").alias("topic_sensitivity"))
    said = words_on_topics(view)
    numbers = [_number(person, note) for person, note in said.select("person", "note").iter_rows()]
    words = said.with_columns(pl.Series("word", numbers, dtype=pl.Int64))
    rows = view.live("article_topics", "topic_id").drop("_file")
    return rows.join(topics, on="topic_id", how="left", maintain_order="left").join(
        words, on="topic_id", how="left", maintain_order="left"
    )


def _number(person: bool | None, note: str | None) -> int:
    """What a person said of a topic, -1 for nothing; the note is part of it, since it is shown as the reason."""
    word = -1 if person is None else int(person)
    return text_hash(str(word), note) if note else word


def expected(view: View) -> pl.DataFrame:
    rows = _decisions(view)
    made_by = signatures_by_nation(rows["nation"], view, lambda nation: _made_by(view, nation))
    prints = combine(made_by, rows["fingerprint"], rows["word"].fill_null(-1))
    return rows.select("article_id", "nation", pl.Series("fingerprint", prints))


def _made_by(view: View, nation: str) -> int:
    """What decides a nation's articles, besides their vectors and topics."""
    options, engine = view.configuration.screening, view.configuration.engine
    asked: dict[str, object] = {}
    if options.judge == "engine":
        languages = view.registry.get(nation).languages
        asked["margin"] = options.margin
        asked["engine"] = [dict(engine_identity(engine, PROMPT, language)) for language in languages]
    return signature("screening", VERSION, threshold=options.threshold, areas=value_areas().digest(), **asked)


def _asks_engine(view: View) -> bool:
    return view.configuration.screening.judge == "engine"


def plan(view: View) -> list[Unit]:
    reads: dict[str, tuple[str, tuple[str, ...]]] = {"embeddings": ("article_id", ("vector",))}
    if not _asks_engine(view):
        return plan_rows(view, "screening", reads, carry=_topic_decisions, unit_rows=10_000)
    check_engine_screen(view.configuration.engine)
    reads["articles"] = ("record_id", _TEXT)
    return plan_rows(view, "screening", reads, carry=_topic_decisions, unit_rows=engine_unit_rows(view))


def _topic_decisions(view: View) -> pl.DataFrame:
    rows = _decisions(view).select("article_id", "topic_id", "topic_sensitivity", "person", "note")
    if not _asks_engine(view):
        return rows
    records = canonical_articles(view).select("article_id", "record_id")
    return rows.join(records, on="article_id", how="left", maintain_order="left")


@dataclass(frozen=True)
class ScreenArticles:
    """Scores the articles of a unit against the value areas; asks the engine about those near the threshold."""

    configuration: Configuration
    embedders: Embedders
    registry: Registry

    def __call__(self, unit: Unit, storage: Storage) -> Iterator[Output]:
        threshold = self.configuration.screening.threshold
        embeddings = unit.reads["embeddings"].read(storage).select("article_id", "vector")
        rows = unit.pending.join(embeddings, on="article_id", how="inner").sort("article_id")
        screen = build_screen(value_areas(), self.embedders.load(unit.nation))
        own, areas = screen.score(to_matrix(rows["vector"]))
        score = steadied(own, rows["topic_sensitivity"])
        scored = rows.with_columns(pl.Series("sensitivity", score, dtype=pl.Float32), pl.Series("area", areas))
        decided = scored.join(self._engines_word(unit, scored, storage), on="article_id", how="left")
        by_person, by_engine = pl.col("person").is_not_null(), pl.col("said").is_not_null()
        yield Output(
            "screening",
            conform(
                decided.with_columns(
                    pl.coalesce("person", "said", pl.col("sensitivity") >= threshold).alias("sensitive"),
                    pl.when(by_person)
                    .then(pl.lit("person"))
                    .when(by_engine)
                    .then(pl.lit("llm"))
                    .otherwise(pl.lit("embedding"))
                    .alias("decided_by"),
                    pl.when(by_person).then("note").otherwise(pl.coalesce("said_area", "area")).alias("reason"),
                ),
                "screening",
            ),
        )

    def _engines_word(self, unit: Unit, scored: pl.DataFrame, storage: Storage) -> pl.DataFrame:
        """What the engine says of articles near the threshold: article_id, said, said_area."""
        found: list[tuple[int, bool, str]] = []
        if "articles" in unit.reads:
            options = self.configuration.screening
            is_near = (pl.col("sensitivity") - options.threshold).abs() <= options.margin
            near = scored.filter(is_near & pl.col("person").is_null()).select("article_id")
            texts = unit.reads["articles"].read(storage).join(near, on="article_id", how="semi").sort("article_id")
            engine = load_engine(self.configuration.engine, self.registry)
            articles = [Article(*row) for row in texts.select(pl.col(_TEXT[1:]).fill_null("")).iter_rows()]
            words = EngineScreen(engine, str(unit.nation)).judge(articles)
            said = zip(texts["article_id"], words, strict=True)
            found = [(article, word.sensitive, word.area) for article, word in said if word is not None]
        schema = {"article_id": pl.Int64, "said": pl.Boolean, "said_area": pl.String}
        return pl.DataFrame(found, schema=schema, orient="row")


def steadied(own: npt.NDArray[np.float32], topic: pl.Series) -> npt.NDArray[np.float32]:
    """Articles' scores steadied by those of their topics; by themselves where there is none."""
    mean = topic.cast(pl.Float32).fill_null(float("nan")).to_numpy()
    blended = (1 - _TOPIC_SHARE) * own + _TOPIC_SHARE * mean
    scores: npt.NDArray[np.float32] = np.where(np.isnan(mean), own, blended).astype(np.float32)
    return scores


def conservation(view: View) -> list[Equation]:
    return equate("article topics = screened articles", view, view.live("article_topics"), view.live("screening"))


STAGE = Stage(
    name="screening",
    steps=(
        Step(
            name="screening",
            writes=("screening",),
            expected={"screening": expected},
            plan=plan,
            work=lambda view: ScreenArticles(view.configuration, embedders(view), view.registry),
            asks_engine=_asks_engine,
        ),
    ),
    conservation=conservation,
)
