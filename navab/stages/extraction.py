"""Extraction: the engine reads each kept article and returns its value statements.

Reads kept canonical `articles`; writes one `extractions` row each: with a model of one call an article, or one a window
of a long article. Topics and screening decide whether work is done;
they never enter the fingerprint, so a topic refit or a person's override costs no engine call.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import polars as pl

from navab.lake.hashing import combine, signature, text_hash
from navab.lake.schema import load_schema
from navab.lake.storage import Storage
from navab.live import kept_articles
from navab.models.engine import Request, Response, Sampling, is_answered
from navab.models.engines import engine_identity, load_engine
from navab.models.prompts import Prompt
from navab.models.responses import Extraction
from navab.nations.registry import Nation, Registry
from navab.options.engine import EngineSection
from navab.stages.base import Equation, Output, Stage, Step, Unit, engine_unit_rows, equate, map_column, plan_rows
from navab.text.normalise import fold_statement, fold_text
from navab.text.sentences import Span
from navab.text.windows import windows
from navab.view import View

VERSION = 3
PROMPT = Prompt("navab.stages", "extraction", 1)
NO_STATEMENT = "no_statement"
_COLUMNS = ("article_id", "title", "text", "source", "language", "official")


def expected(view: View) -> pl.DataFrame:
    articles = kept_articles(view, "language", "official")
    home = {nation.code: _speech(nation) for nation in view.nations}
    read = combine(
        _made_by(articles["language"], view.configuration.engine),
        articles["nation"].replace_strict(home, return_dtype=pl.Int64),
        articles["official"].cast(pl.Int64),
        articles["content_hash"],
    )
    return articles.select("article_id", "nation", pl.Series("fingerprint", read))


def _made_by(languages: pl.Series, options: EngineSection) -> pl.Series:
    """What makes the rows of each language, articles apart."""
    reading = {"max_statements": options.max_statements}
    if options.kind != "rules":
        reading |= options.model_dump(include={"window_chars", "overlap_chars", "max_windows"})
    known = {
        language: signature(
            "extraction",
            VERSION,
            language=language,
            engine=engine_identity(options, PROMPT, language, penalised=True),
            **reading,
        )
        for language in languages.unique()
    }
    return map_column(languages, known)


def plan(view: View) -> list[Unit]:
    reads = {"articles": ("record_id", _COLUMNS)}
    return plan_rows(view, "extractions", reads, carry=_records, unit_rows=engine_unit_rows(view))


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
        requests = [requests_for(row, self.options, self.registry) for row in rows]
        responses = iter(engine.generate([request for of_row in requests for request in of_row]))
        answers = [list(islice(responses, len(of_row))) for of_row in requests]
        made = [
            _row(row, answer, engine.name, self.options.max_statements)
            for row, answer in zip(rows, answers, strict=True)
            if is_answered(answer)
        ]
        yield Output("extractions", load_schema("extractions").table(made))


def requests_for(row: Mapping[str, Any], options: EngineSection, registry: Registry) -> list[Request]:
    """What the engine is asked about an article: one request, or one for each window of a long article."""
    text = row["text"]
    spans = [Span(0, len(text))]
    if options.kind != "rules" and len(text) > options.window_chars:
        spans = windows(text, options.window_chars, options.overlap_chars, options.max_windows)
    inputs = {
        "title": row["title"] or "",
        "source": row["source"] or "",
        "nation": registry.get(row["nation"]).name,
        "official": "true" if row["official"] else "false",
        "limit": str(options.max_statements),
    }
    sampling = Sampling(options.max_output_tokens, options.temperature, options.frequency_penalty)
    return [
        Request(
            PROMPT,
            row["nation"],
            row["language"],
            {**inputs, "text": span.of(text)},
            Extraction,
            most_items={"statements": options.max_statements},
            sampling=sampling,
        )
        for span in spans
    ]


def _row(row: Mapping[str, Any], responses: Sequence[Response], engine: str, limit: int) -> dict[str, Any]:
    """The row of an article; a statement that two windows hold is taken once.

    The outlet's own voice is at home, whatever the engine says.
    """
    statements: dict[int, dict[str, Any]] = {}
    for response in responses:
        for one in response.parsed.statements[:limit] if isinstance(response.parsed, Extraction) else ():
            key = text_hash(str(row["article_id"]), fold_statement(one.text), fold_text(one.evidence))
            statements.setdefault(key, one.model_dump() | ({"speaker_nation": "home"} if one.speaker is None else {}))
    errors = [response.error for response in responses if response.error]
    refused = errors[0] if errors else NO_STATEMENT
    return {
        "article_id": row["article_id"],
        "nation": row["nation"],
        "fingerprint": row["fingerprint"],
        "statements": [{"statement_id": key, **value} for key, value in statements.items()],
        "statement_ids": list(statements),
        "engine": engine,
        "prompt_tokens": sum(response.prompt_tokens for response in responses),
        "output_tokens": sum(response.output_tokens for response in responses),
        "rejected_reason": None if statements else refused,
    }


def _speech(nation: Nation) -> int:
    """Hash what the engine reads of a nation's data file, and lexicons that do not come with navab."""
    read = nation.model_dump(include={"name", "home_terms", "home_titles", "lexicons"})
    own = {"own_lexicons": dict(nation.own_lexicons)} if nation.own_lexicons else {}
    return signature(nation.code, 2, read=read, **own)


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
            asks_engine=lambda view: True,
            work=lambda view: ExtractStatements(view.configuration.engine, view.registry),
        ),
    ),
    conservation=conservation,
)
