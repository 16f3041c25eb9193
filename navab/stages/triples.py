"""Triples: question, statement and reversed statement, split into train and test without leakage.

Reads standing `statements`, live `conflicts` and `articles`; writes one `triples` row per standing statement, rejected
if the engine cannot turn it round or if it would bridge the splits. Retention is not read here: it lives in
`resolutions`, so that a changed decision makes no triple anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from navab.conflict.leakage import Known, assign_groups
from navab.conflict.polarity import judge
from navab.lake.hashing import combine, signature, text_hash
from navab.lake.schema import load_schema
from navab.lake.storage import Storage
from navab.live import kept_articles, standing_statements
from navab.models.engine import Request, Response
from navab.models.engines import engine_identity, load_engine
from navab.models.prompts import Prompt
from navab.models.responses import TripleText
from navab.nations.registry import Registry
from navab.options.engine import EngineSection
from navab.stages.base import Equation, Output, Stage, Step, Unit, equate, plan_rows
from navab.text.lexicon import Lexicon
from navab.text.normalise import fold_text
from navab.view import View

VERSION = 2
PROMPT = Prompt("navab.stages", "triples", 1)

# Why a triple is refused.
SPLIT_BRIDGE = "split_bridge"
NOT_REVERSED = "not_reversed"

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


def expected(view: View) -> pl.DataFrame:
    """A triple is made of a grounded statement by an engine; embedders and the test share have no part in it."""
    made_by = signature("triples", VERSION, engine=engine_identity(view.configuration.engine))
    grounded = view.current("groundings").select("statement_id", "fingerprint")
    rows = standing_statements(view).select("statement_id", "nation").join(grounded, on="statement_id")
    return rows.select("statement_id", "nation", pl.Series("fingerprint", combine(made_by, rows["fingerprint"])))


def live_triples(view: View) -> pl.DataFrame:
    """Triples of retained statements; without Conflict Reduction of all standing statements."""
    if not view.configuration.conflicts.enabled:
        return standing_statements(view).select("statement_id")
    return view.current("resolutions", "retained").filter("retained").select("statement_id")


def plan(view: View) -> list[Unit]:
    reads = {
        "statements": ("statement_id", _STATEMENT_COLUMNS),
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
class WriteTriples:
    """Has the engine ask and reverse the statements of a unit."""

    options: EngineSection
    registry: Registry

    def __call__(self, unit: Unit, storage: Storage) -> Iterator[Output]:
        statements = unit.reads["statements"].read(storage).select("statement_id", *_STATEMENT_COLUMNS[1:])
        articles = unit.reads["articles"].read(storage).select("article_id", "url")
        joined = unit.pending.join(statements, on="statement_id", how="inner").join(articles, on="article_id")
        rows = list(joined.sort("statement_id").iter_rows(named=True))
        nation = self.registry.get(str(unit.nation))
        engine = load_engine(self.options, self.registry)
        requests = [
            Request(PROMPT, row["nation"], row["language"], {"statement": row["text"]}, TripleText) for row in rows
        ]
        made = [
            _row(row, response, engine.name, nation.lexicon(row["language"]))
            for row, response in zip(rows, engine.generate(requests), strict=True)
        ]
        yield Output("triples", load_schema("triples").table(made))


def _row(row: Mapping[str, Any], response: Response, engine: str, lexicon: Lexicon) -> dict[str, Any]:
    parsed = response.parsed if isinstance(response.parsed, TripleText) else None
    reason = response.error or refusal(row["text"], parsed, lexicon)
    return {
        **row,
        "triple_id": triple_id(row["statement_id"]),
        "statement": row["text"],
        "question": parsed.question if parsed else None,
        "reversed_statement": parsed.reversed_statement if parsed else None,
        "engine": engine,
        "rejected_reason": SPLIT_BRIDGE if row["bridge"] else reason,
    }


def triple_id(statement_id: int) -> int:
    """The id of a statement's triple."""
    return text_hash("triple", str(statement_id))


def refusal(statement: str, triple: TripleText | None, lexicon: Lexicon) -> str | None:
    """Why a triple is no triple: the reversal must contradict the statement; None if it does."""
    if triple is None or fold_text(statement) == fold_text(triple.reversed_statement):
        return NOT_REVERSED
    verdict = judge(statement, triple.reversed_statement, lexicon).verdict
    return None if verdict == "contradiction" else NOT_REVERSED


def conservation(view: View) -> list[Equation]:
    return equate(
        "accepted statements = accepted + rejected triples",
        view,
        standing_statements(view),
        view.current("triples"),
    )


STAGE = Stage(
    name="triples",
    steps=(
        Step(
            name="triples",
            writes=("triples",),
            expected={"triples": expected},
            live={"triples": live_triples},
            plan=plan,
            work=lambda view: WriteTriples(view.configuration.engine, view.registry),
        ),
    ),
    conservation=conservation,
)
