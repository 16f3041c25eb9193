"""Screening: decide which articles are value-sensitive.

Reads live `article_topics`, `embeddings` and the `overrides` of people; writes one `screening` row per article.
An article's sensitivity is its own score, steadied by that of its topic; a person's word on a topic wins.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from navab.lake.arrays import to_matrix
from navab.lake.hashing import combine, signature
from navab.lake.storage import Storage
from navab.live import words_on_topics
from navab.models.embedder import Embedders
from navab.stages.base import Equation, Output, Stage, Step, Unit, conform, embedders, equate, plan_rows
from navab.topics.sensitivity import build_screen, value_areas
from navab.view import View

VERSION = 2
_TOPIC_SHARE = 0.3


def _decisions(view: View) -> pl.DataFrame:
    """Live article topics with the score and the person's word of their topic."""
    topics = view.current("topics", "sensitivity").select("topic_id", pl.col("sensitivity").alias("topic_sensitivity"))
    rows = view.live("article_topics", "topic_id").drop("_file")
    return rows.join(topics, on="topic_id", how="left", maintain_order="left").join(
        words_on_topics(view), on="topic_id", how="left", maintain_order="left"
    )


def expected(view: View) -> pl.DataFrame:
    rows = _decisions(view)
    threshold, areas = view.configuration.screening.threshold, value_areas().digest()
    made_by = signature("screening", VERSION, threshold=threshold, areas=areas)
    word = rows["person"].cast(pl.Int64).fill_null(-1)
    prints = combine(made_by, rows["fingerprint"], word)
    return rows.select("article_id", "nation", pl.Series("fingerprint", prints))


def plan(view: View) -> list[Unit]:
    reads = {"embeddings": ("article_id", ("vector",))}
    return plan_rows(view, "screening", reads, carry=_topic_decisions, unit_rows=10_000)


def _topic_decisions(view: View) -> pl.DataFrame:
    return _decisions(view).select("article_id", "topic_id", "topic_sensitivity", "person", "note")


@dataclass(frozen=True)
class ScreenArticles:
    """Scores the articles of a unit against the value areas."""

    threshold: float
    embedders: Embedders

    def __call__(self, unit: Unit, storage: Storage) -> Iterator[Output]:
        embeddings = unit.reads["embeddings"].read(storage).select("article_id", "vector")
        rows = unit.pending.join(embeddings, on="article_id", how="inner").sort("article_id")
        screen = build_screen(value_areas(), self.embedders.load(unit.nation))
        own, areas = screen.score(to_matrix(rows["vector"]))
        score = steadied(own, rows["topic_sensitivity"])
        decided = rows.with_columns(pl.Series("sensitivity", score, dtype=pl.Float32), pl.Series("area", areas))
        sensitive = pl.col("sensitivity") >= self.threshold
        by_person = pl.col("person").is_not_null()
        yield Output(
            "screening",
            conform(
                decided.with_columns(
                    pl.coalesce("person", sensitive).alias("sensitive"),
                    pl.when(by_person).then(pl.lit("person")).otherwise(pl.lit("embedding")).alias("decided_by"),
                    pl.when(by_person).then("note").otherwise("area").alias("reason"),
                ),
                "screening",
            ),
        )


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
            work=lambda view: ScreenArticles(view.configuration.screening.threshold, embedders(view)),
        ),
    ),
    conservation=conservation,
)
