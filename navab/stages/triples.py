"""Triples: question, statement and reversed statement, split into train and test without leakage.

Reads standing `statements`, live `conflicts` and `articles`; writes one row of `wordings` (what the engine made of it)
and one of `triples` per standing statement, rejected if the engine cannot turn it round, if the three do not belong
together, or if it would bridge the splits. Retention is not read here: it lives in
`resolutions`, so that a changed decision makes no triple anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from navab.conflict.leakage import Known, assign_groups
from navab.errors import ConfigurationError
from navab.lake.hashing import combine, signature, text_hash
from navab.lake.schema import load_schema
from navab.lake.storage import Storage
from navab.live import extracted_statements, kept_articles, standing_statements
from navab.models.engine import Request, Response, Sampling, is_answered
from navab.models.engines import engine_identity, lexicon_digest, load_engine
from navab.models.prompts import Prompt
from navab.models.responses import TripleText
from navab.nations.registry import Nation, Registry
from navab.options.engine import EngineSection
from navab.stages.base import Equation, Output, Stage, Step, Unit, engine_unit_rows, equate, map_column, plan_rows
from navab.verification import triple_refusal
from navab.view import View

WORDING_VERSION = 1
VERSION = 4
PROMPT = Prompt("navab.stages", "triples", 1)

# Why a triple is refused, beside what `verification` finds and the engine's own reasons.
SPLIT_BRIDGE = "split_bridge"
NO_LEXICON = "no_lexicon"  # nothing can be verified in this language

_STATEMENT_COLUMNS = (
    "article_id",
    "language",
    "text",
    "evidence",
    "speaker",
    "speaker_nation",
    "source_type",
    "source",
    "published_at",
)
_WORDING_COLUMNS = ("question", "reversed_statement", "engine", "refused_because")


def expected_wordings(view: View) -> pl.DataFrame:
    """An engine is asked about a standing statement once, however it is judged and whatever is decided of it later."""
    options = view.configuration.engine
    extracted = extracted_statements(view).select("statement_id", "fingerprint")
    rows = standing_statements(view, "language").select("statement_id", "nation", "language")
    rows = rows.join(extracted, on="statement_id", maintain_order="left")
    known = {
        language: signature(
            "wordings", WORDING_VERSION, engine=engine_identity(options, PROMPT, language, penalised=True)
        )
        for language in rows["language"].unique()
    }
    made_by = map_column(rows["language"], known)
    return rows.select("statement_id", "nation", pl.Series("fingerprint", combine(made_by, rows["fingerprint"])))


def expected_triples(view: View) -> pl.DataFrame:
    """A triple is a wording that was verified; embedders and the test share have no part in it."""
    made_by = signature("triples", VERSION, lexicons=lexicon_digest())
    rows = view.current("wordings").select("statement_id", "nation", "fingerprint")
    return rows.with_columns(pl.Series("fingerprint", combine(made_by, rows["fingerprint"])))


def live_triples(view: View) -> pl.DataFrame:
    """Triples of retained statements; without Conflict Reduction of all standing statements."""
    if not view.configuration.conflicts.enabled:
        return standing_statements(view).select("statement_id")
    return view.current("resolutions", "retained").filter("retained").select("statement_id")


def plan_wordings(view: View) -> list[Unit]:
    reads = {"statements": ("statement_id", ("article_id", "language", "text"))}
    return plan_rows(view, "wordings", reads, unit_rows=engine_unit_rows(view))


def plan_triples(view: View) -> list[Unit]:
    reads = {
        "statements": ("statement_id", _STATEMENT_COLUMNS),
        "wordings": ("statement_id", _WORDING_COLUMNS),
        "articles": ("record_id", ("article_id", "url")),
    }
    return plan_rows(view, "triples", reads, carry=_places_and_groups)


def _places_and_groups(view: View) -> pl.DataFrame:
    articles = kept_articles(view).select("article_id", "record_id")
    places = standing_statements(view).select("statement_id", "article_id").join(articles, on="article_id", how="left")
    return places.join(_groups(view), on="statement_id", how="left")


def _groups(view: View) -> pl.DataFrame:
    """Group, split and bridge of every statement that still needs a triple."""
    links = _links(view)
    rows = view.rows("triples", "group_id", "split", "rejected_reason").unique("statement_id", keep="last")
    bridges = rows.filter(pl.col("rejected_reason") == SPLIT_BRIDGE)["statement_id"].to_list()
    decided = rows.filter(pl.col("rejected_reason").ne_missing(SPLIT_BRIDGE))
    known = {
        statement: Known(group, split)
        for statement, group, split in decided.select("statement_id", "group_id", "split").iter_rows()
        if statement in links
    }
    pending = [statement for statement in view.pending("triples")["statement_id"] if statement not in known]
    found = assign_groups(pending, links, known, bridges, view.configuration.triples.test_share)
    made = [(statement, one.group_id, one.split, one.bridge) for statement, one in found.items()]
    kept = [(statement, one.group_id, one.split, False) for statement, one in known.items()]
    schema = {"statement_id": pl.Int64, "group_id": pl.Int64, "split": pl.String, "bridge": pl.Boolean}
    return pl.DataFrame(made + kept, schema=schema, orient="row")


def _links(view: View) -> dict[int, list[int]]:
    """What each standing statement hangs together with: its article, related statements, what repeats it.

    Within a nation a repeated statement is merged; other nations have one of their own with the same words.
    """
    links: dict[int, list[int]] = defaultdict(list)
    standing = standing_statements(view).select("statement_id", "article_id")
    words = view.current("groundings", "text_hash").select("statement_id", "text_hash")
    for statement, article, text in standing.join(words, on="statement_id", how="left").iter_rows():
        links[statement] += [article, text]
    related = view.current("conflicts", "verdict").filter(pl.col("verdict") != "neutral")
    for left, right in related.select("left_id", "right_id").iter_rows():
        links[left].append(right)
        links[right].append(left)
    repeated = view.live("statements", "merged_into", "article_id").filter(pl.col("merged_into").is_not_null())
    for statement, article in repeated.select("merged_into", "article_id").iter_rows():
        if statement in links:
            links[statement].append(article)
    return dict(links)


@dataclass(frozen=True)
class WordStatements:
    """Has the engine ask and reverse the statements of a unit."""

    options: EngineSection
    registry: Registry

    def __call__(self, unit: Unit, storage: Storage) -> Iterator[Output]:
        statements = unit.reads["statements"].read(storage).drop("fingerprint")
        rows = list(unit.pending.join(statements, on="statement_id").sort("statement_id").iter_rows(named=True))
        engine = load_engine(self.options, self.registry)
        responses = engine.generate([request_for(row, self.options) for row in rows])
        made = [
            _wording(row, response, engine.name)
            for row, response in zip(rows, responses, strict=True)
            if is_answered([response])
        ]
        yield Output("wordings", load_schema("wordings").table(made))


def request_for(row: Mapping[str, Any], options: EngineSection) -> Request:
    """What the engine is asked about a statement."""
    sampling = Sampling(options.max_output_tokens, options.temperature, options.frequency_penalty)
    inputs = {"statement": row["text"]}
    return Request(PROMPT, row["nation"], row["language"], inputs, TripleText, sampling=sampling)


def _wording(row: Mapping[str, Any], response: Response, engine: str) -> dict[str, Any]:
    parsed = response.parsed if isinstance(response.parsed, TripleText) else None
    return {
        **row,
        "question": parsed.question if parsed else None,
        "reversed_statement": parsed.reversed_statement if parsed else None,
        "engine": engine,
        "prompt_tokens": response.prompt_tokens,
        "output_tokens": response.output_tokens,
        "refused_because": response.error,
    }


@dataclass(frozen=True)
class WriteTriples:
    """Verifies the wordings of a unit and writes its triples."""

    registry: Registry

    def __call__(self, unit: Unit, storage: Storage) -> Iterator[Output]:
        statements = unit.reads["statements"].read(storage).select("statement_id", *_STATEMENT_COLUMNS[1:])
        wordings = unit.reads["wordings"].read(storage).select("statement_id", *_WORDING_COLUMNS)
        articles = unit.reads["articles"].read(storage).select("article_id", "url")
        joined = unit.pending.join(statements, on="statement_id").join(wordings, on="statement_id")
        rows = joined.join(articles, on="article_id").sort("statement_id").iter_rows(named=True)
        nation = self.registry.get(str(unit.nation))
        yield Output("triples", load_schema("triples").table([_triple(row, nation) for row in rows]))


def _triple(row: Mapping[str, Any], nation: Nation) -> dict[str, Any]:
    reason = SPLIT_BRIDGE if row["bridge"] else row["refused_because"] or _refusal(row, nation)
    return {
        **row,
        "triple_id": triple_id(row["statement_id"]),
        "statement": row["text"],
        "rejected_reason": reason,
    }


def _refusal(row: Mapping[str, Any], nation: Nation) -> str | None:
    try:
        lexicon = nation.lexicon(row["language"])
    except ConfigurationError:
        return NO_LEXICON
    triple = TripleText(question=row["question"], reversed_statement=row["reversed_statement"])
    return triple_refusal(row["text"], triple, row["language"], lexicon)


def triple_id(statement_id: int) -> int:
    """The id of a statement's triple."""
    return text_hash("triple", str(statement_id))


def conservation(view: View) -> list[Equation]:
    standing = standing_statements(view)
    return [
        *equate("accepted statements = wordings", view, standing, view.current("wordings")),
        *equate("accepted statements = accepted + rejected triples", view, standing, view.current("triples")),
    ]


STAGE = Stage(
    name="triples",
    steps=(
        Step(
            name="wordings",
            writes=("wordings",),
            expected={"wordings": expected_wordings},
            plan=plan_wordings,
            work=lambda view: WordStatements(view.configuration.engine, view.registry),
            asks_engine=lambda view: True,
        ),
        Step(
            name="triples",
            writes=("triples",),
            expected={"triples": expected_triples},
            live={"triples": live_triples},
            plan=plan_triples,
            work=lambda view: WriteTriples(view.registry),
        ),
    ),
    conservation=conservation,
)
