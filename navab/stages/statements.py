"""Statements: check every extracted statement against its article, merge restatements, embed what stands.

Reads live `extractions` and their `articles`; writes `groundings` (the verdict on each statement) and `statements`
(accepted, merged or rejected). A statement repeated word for word is merged into the one that stands already, else
into the earliest published, then the smallest id; what a foreigner says is never merged with what others say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from navab.errors import ConfigurationError
from navab.lake.hashing import combine, signature, text_hash
from navab.lake.schema import load_schema
from navab.lake.storage import Storage
from navab.live import extracted_statements, kept_articles
from navab.models.embedder import Embedders
from navab.models.engines import lexicon_digest
from navab.models.responses import ExtractedStatement
from navab.nations.registry import Nation, Registry
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
from navab.text.normalise import fold_statement
from navab.verification import statement_refusal
from navab.view import View

GROUNDING_VERSION = 5
VERSION = 1


def expected_groundings(view: View) -> pl.DataFrame:
    made_by = signature("groundings", GROUNDING_VERSION, lexicons=lexicon_digest())
    rows = extracted_statements(view)
    return rows.select("statement_id", "nation", pl.Series("fingerprint", combine(made_by, rows["fingerprint"])))


def expected_statements(view: View) -> pl.DataFrame:
    """Every grounded statement; what it is merged into is part of its fingerprint."""
    rows = _merged(view)
    models = embedders(view)
    made_by = signatures_by_nation(
        rows["nation"],
        view,
        lambda code: signature("statements", VERSION, **models.identity(code)),
    )
    prints = combine(made_by, rows["fingerprint"], rows["merged_into"].fill_null(0))
    return rows.select("statement_id", "nation", pl.Series("fingerprint", prints))


def _merged(view: View) -> pl.DataFrame:
    """Current groundings with merged_into, null for those that stand or are rejected."""
    columns = ("article_id", "text_hash", "speaker_nation", "published_at", "rejected_reason")
    rows = view.current("groundings", *columns).drop("_file")
    standing = view.rows("statements", "merged_into", "rejected_reason").filter(
        pl.col("merged_into").is_null() & pl.col("rejected_reason").is_null()
    )
    foreign = pl.col("speaker_nation").eq_missing("foreign").alias("foreign")
    known = rows.with_columns(pl.col("statement_id").is_in(standing["statement_id"].implode()).alias("known"))
    first = (
        known.filter(pl.col("rejected_reason").is_null())
        .sort(pl.col("known").not_(), "published_at", "statement_id", nulls_last=True)
        .group_by("nation", "text_hash", foreign, maintain_order=True)
        .agg(pl.first("statement_id").alias("first"))
    )
    joined = rows.with_columns(foreign).join(
        first, on=["nation", "text_hash", "foreign"], how="left", maintain_order="left"
    )
    merged = pl.when(pl.col("rejected_reason").is_null() & (pl.col("first") != pl.col("statement_id"))).then("first")
    return joined.with_columns(merged.alias("merged_into"))


def plan_groundings(view: View) -> list[Unit]:
    reads = {
        "extractions": ("article_id", ("article_id", "statements")),
        "articles": ("record_id", ("article_id", "text", "language", "official", "published_at")),
    }
    return plan_rows(view, "groundings", reads, carry=_places, unit_rows=4096)


def plan_statements(view: View) -> list[Unit]:
    reads = {
        "extractions": ("article_id", ("article_id", "statements")),
        "articles": ("record_id", ("article_id", "source", "published_at", "language")),
    }
    return plan_rows(view, "statements", reads, carry=_verdicts, unit_rows=1024)


def _verdicts(view: View) -> pl.DataFrame:
    merged = _merged(view).select("statement_id", "merged_into", "rejected_reason")
    return _places(view).join(merged, on="statement_id", how="left")


def _places(view: View) -> pl.DataFrame:
    articles = kept_articles(view).select("article_id", "record_id")
    return extracted_statements(view).select("statement_id", "article_id").join(articles, on="article_id", how="left")


def _joined(unit: Unit, storage: Storage) -> pl.DataFrame:
    """Pending statements with the engine's fields and those of their article."""
    extractions = unit.reads["extractions"].read(storage).select("article_id", "statements")
    said = extractions.explode("statements").select(pl.col("statements").struct.unnest())
    articles = unit.reads["articles"].read(storage).drop("record_id", "fingerprint")
    return (
        unit.pending.join(said.rename({"text": "said"}), on="statement_id", how="inner")
        .join(articles, on="article_id", how="inner")
        .sort("statement_id")
    )


@dataclass(frozen=True)
class GroundStatements:
    """Checks the statements of a unit against the text of their articles."""

    registry: Registry

    def __call__(self, unit: Unit, storage: Storage) -> Iterator[Output]:
        rows = _joined(unit, storage)
        nation = self.registry.get(str(unit.nation))
        reasons = [_refusal(row, nation) for row in rows.iter_rows(named=True)]
        hashes = [text_hash(fold_statement(text)) for text in rows["said"]]
        verdict = rows.with_columns(
            pl.Series("text_hash", hashes, dtype=pl.Int64), pl.Series("rejected_reason", reasons, dtype=pl.String)
        )
        yield Output("groundings", conform(verdict, "groundings"))


def _refusal(row: Mapping[str, Any], nation: Nation) -> str | None:
    statement = ExtractedStatement.model_construct(
        text=row["said"],
        evidence=row["evidence"],
        speaker=row["speaker"],
        source_type=row["source_type"],
        speaker_nation=row["speaker_nation"],
    )
    try:
        lexicon = nation.lexicon(row["language"]).for_text(row["text"])
    except ConfigurationError:  # an engine may read languages that navab has no lexicon of
        lexicon = None
    return statement_refusal(statement, row["text"], row["language"], official=bool(row["official"]), lexicon=lexicon)


@dataclass(frozen=True)
class WriteStatements:
    """Writes the statements of a unit, with vectors for those that stand."""

    embedders: Embedders

    def __call__(self, unit: Unit, storage: Storage) -> Iterator[Output]:
        rows = list(_joined(unit, storage).iter_rows(named=True))
        standing = [row for row in rows if row["merged_into"] is None and row["rejected_reason"] is None]
        vectors = self.embedders.load(unit.nation).encode([row["said"] for row in standing])
        by_id = {row["statement_id"]: vector.tolist() for row, vector in zip(standing, vectors, strict=True)}
        made = [_row(row, by_id.get(row["statement_id"])) for row in rows]
        yield Output("statements", load_schema("statements").table(made))


def _row(row: Mapping[str, Any], vector: list[float] | None) -> dict[str, Any]:
    return {**row, "text": row["said"], "vector": vector}


def conservation(view: View) -> list[Equation]:
    statements = view.current("statements", "merged_into", "rejected_reason")
    accepted = pl.col("rejected_reason").is_null()
    return equate(
        "statements in live extractions = accepted + merged + rejected",
        view,
        extracted_statements(view),
        statements.filter(accepted & pl.col("merged_into").is_null()),
        statements.filter(accepted & pl.col("merged_into").is_not_null()),
        statements.filter(~accepted),
    )


STAGE = Stage(
    name="statements",
    steps=(
        Step(
            name="groundings",
            writes=("groundings",),
            expected={"groundings": expected_groundings},
            plan=plan_groundings,
            work=lambda view: GroundStatements(view.registry),
        ),
        Step(
            name="statements",
            writes=("statements",),
            expected={"statements": expected_statements},
            plan=plan_statements,
            work=lambda view: WriteStatements(embedders(view)),
            gpus=embedder_gpus,
        ),
    ),
    conservation=conservation,
)
