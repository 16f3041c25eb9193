"""Embeddings: a sentence embedding of every canonical article's title and lead.

Reads live canonical `articles`; writes one `embeddings` row each. Duplicates need no vector of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from navab.lake.arrays import to_lists
from navab.lake.hashing import combine, signature
from navab.lake.storage import Storage
from navab.live import canonical_articles
from navab.models.embedder import Embedders
from navab.stages.base import (
    Equation,
    Output,
    Stage,
    Step,
    Unit,
    conform,
    embedder_gpus,
    embedders,
    equate,
    plan_rows,
    signatures_by_nation,
)
from navab.view import View

VERSION = 2


def expected(view: View) -> pl.DataFrame:
    models = embedders(view)
    articles = canonical_articles(view)
    made_by = signatures_by_nation(
        articles["nation"],
        view,
        lambda code: signature(
            "embeddings", VERSION, nation=code, lead_chars=models.of(code).lead_chars, **models.identity(code)
        ),
    )
    return articles.select("article_id", "nation", pl.Series("fingerprint", combine(made_by, articles["content_hash"])))


def plan(view: View) -> list[Unit]:
    return plan_rows(view, "embeddings", {"articles": ("record_id", ("article_id", "title", "text"))}, carry=_records)


def _records(view: View) -> pl.DataFrame:
    return canonical_articles(view).select("article_id", "record_id")


@dataclass(frozen=True)
class EmbedArticles:
    """Embeds the articles of a unit."""

    embedders: Embedders

    def __call__(self, unit: Unit, storage: Storage) -> Iterator[Output]:
        articles = unit.reads["articles"].read(storage).select("article_id", "title", "text")
        rows = unit.pending.join(articles, on="article_id", how="inner").sort("article_id")
        leads = [
            lead(title, text, self.embedders.of(unit.nation).lead_chars)
            for title, text in rows.select("title", "text").iter_rows()
        ]
        vectors = self.embedders.load(unit.nation).encode(leads)
        yield Output("embeddings", conform(rows.with_columns(to_lists("vector", vectors)), "embeddings"))


def lead(title: str | None, text: str, chars: int) -> str:
    """Title and the beginning of the text, `chars` characters at most."""
    whole = text if not title or text.startswith(title) else f"{title}\n{text}"
    return whole[:chars]


def conservation(view: View) -> list[Equation]:
    return equate("canonical articles = embeddings", view, canonical_articles(view), view.live("embeddings"))


STAGE = Stage(
    name="embeddings",
    steps=(
        Step(
            name="embeddings",
            writes=("embeddings",),
            expected={"embeddings": expected},
            plan=plan,
            work=lambda view: EmbedArticles(embedders(view)),
            gpus=embedder_gpus,
        ),
    ),
    conservation=conservation,
)
