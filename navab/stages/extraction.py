"""Extraction: the engine reads each kept article and returns its value statements.

Reads kept canonical `articles`; writes one `extractions` row each. Topics and screening decide whether work is done;
they never enter the fingerprint, so a topic refit or a person's override costs no engine call.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from navab.lake.hashing import combine, signature, text_hash
from navab.lake.schema import load_schema
from navab.lake.storage import Storage
from navab.live import kept_articles
from navab.models.engine import Request, Response
from navab.models.engines import engine_identity, load_engine
from navab.models.prompts import Prompt
from navab.models.responses import Extraction
from navab.nations.registry import Nation, Registry
from navab.options.engine import EngineSection
from navab.stages.base import Equation, Output, Stage, Step, Unit, equate, plan_rows
from navab.text.normalise import fold_text
from navab.view import View

VERSION = 1
PROMPT = Prompt("navab.stages", "extraction", 1)
NO_STATEMENT = "no_statement"
_COLUMNS = ("article_id", "title", "text", "source", "language", "official")


def expected(view: View) -> pl.DataFrame:
    options = view.configuration.engine
    made_by = signature("extraction", VERSION, max_statements=options.max_statements, engine=engine_identity(options))
    articles = kept_articles(view, "language", "official")
    home = {nation.code: _speech(nation) for nation in view.nations}
    read = combine(
        _hashes(articles["language"]),
        articles["nation"].replace_strict(home, return_dtype=pl.Int64),
        articles["official"].cast(pl.Int64),
        articles["content_hash"],
    )
    return articles.select("article_id", "nation", pl.Series("fingerprint", combine(made_by, read)))


def plan(view: View) -> list[Unit]:
    return plan_rows(view, "extractions", {"articles": ("record_id", _COLUMNS)}, carry=_records)


def _records(view: View) -> pl.DataFrame:
    return kept_articles(view).select("article_id", "record_id")


@dataclass(frozen=True)
class ExtractStatements:
    """Sends the articles of a unit through the engine."""

    options: EngineSection
    registry: Registry

    def __call__(self, unit: Unit, storage: Storage) -> Iterator[Output]:
        articles = unit.reads["articles"].read(storage).select(_COLUMNS)
        rows = list(unit.pending.join(articles, on="article_id", how="inner").sort("article_id").iter_rows(named=True))
        engine = load_engine(self.options, self.registry)
        responses = engine.generate([_request(row, self.options.max_statements) for row in rows])
        made = [_row(row, response, engine.name) for row, response in zip(rows, responses, strict=True)]
        yield Output("extractions", load_schema("extractions").table(made))


def _request(row: Mapping[str, Any], limit: int) -> Request:
    inputs = {
        "title": row["title"] or "",
        "text": row["text"],
        "source": row["source"] or "",
        "nation": row["nation"],
        "official": "true" if row["official"] else "false",
        "limit": str(limit),
    }
    return Request(PROMPT, row["nation"], row["language"], inputs, Extraction)


def _row(row: Mapping[str, Any], response: Response, engine: str) -> dict[str, Any]:
    found = response.parsed.statements if isinstance(response.parsed, Extraction) else []
    statements = {
        text_hash(str(row["article_id"]), fold_text(one.text), fold_text(one.evidence)): one.model_dump()
        for one in found
    }
    reason = response.error or (None if statements else NO_STATEMENT)
    return {
        "article_id": row["article_id"],
        "nation": row["nation"],
        "fingerprint": row["fingerprint"],
        "statements": [{"statement_id": key, **value} for key, value in statements.items()],
        "statement_ids": list(statements),
        "engine": engine,
        "prompt_tokens": response.prompt_tokens,
        "output_tokens": response.output_tokens,
        "rejected_reason": reason,
    }


def _speech(nation: Nation) -> int:
    """Hash what the engine reads of a nation's data file, and lexicons that do not come with navab."""
    own = {"own_lexicons": dict(nation.own_lexicons)} if nation.own_lexicons else {}
    return signature(nation.code, 1, home_terms=dict(nation.home_terms), lexicons=dict(nation.lexicons), **own)


def _hashes(values: pl.Series) -> pl.Series:
    known = {value: text_hash(value) for value in values.unique()}
    return values.replace_strict(known, return_dtype=pl.Int64) if known else values.cast(pl.Int64)


def conservation(view: View) -> list[Equation]:
    return equate("kept articles = extractions", view, kept_articles(view), view.current("extractions"))


STAGE = Stage(
    name="extraction",
    steps=(
        Step(
            name="extraction",
            writes=("extractions",),
            expected={"extractions": expected},
            plan=plan,
            work=lambda view: ExtractStatements(view.configuration.engine, view.registry),
        ),
    ),
    conservation=conservation,
)
