"""Counts of a lake as it stands, for people: the funnel of every nation, rejections, tables."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from navab.lake.schema import load_schema, table_names
from navab.live import extracted_statements, kept_articles, standing_statements
from navab.report.data import Funnel, JudgeShare, Rejection, TableState
from navab.stages.articles import UNKNOWN_NATION
from navab.stages.base import count_by_nation
from navab.view import View

# The tables whose rows can be refused, in the order of the pipeline.
REFUSING = ("articles", "extractions", "statements", "triples")


def funnels(view: View) -> tuple[Funnel, ...]:
    """What is left of every nation after every stage."""
    counts = {name: count_by_nation(rows, view) for name, rows in _frames(view)}
    return tuple(
        Funnel(nation=nation.code, name=nation.name, **{name: by[nation.code] for name, by in counts.items()})
        for nation in view.nations
    )


def _frames(view: View) -> Iterator[tuple[str, pl.DataFrame]]:
    """The rows behind each count of a funnel."""
    records = view.current("articles", "article_id", "rejected_reason")
    unreadable, accepted = pl.col("article_id").is_null(), pl.col("rejected_reason").is_null()
    yield "articles", records
    yield "unreadable", records.filter(unreadable)
    yield "rejected", records.filter(~accepted & ~unreadable)
    yield "accepted", view.live("articles")
    decided = view.live("duplicates", "kind")
    yield "duplicates", decided.filter(pl.col("kind") != "unique")
    yield "canonical", decided.filter(pl.col("kind") == "unique")
    yield "sensitive", kept_articles(view)
    yield "extracted", view.current("extractions")
    yield "statements", extracted_statements(view)
    statements = view.current("statements", "merged_into", "rejected_reason")
    yield "statements_rejected", statements.filter(pl.col("rejected_reason").is_not_null())
    yield "merged", statements.filter(pl.col("merged_into").is_not_null())
    standing = standing_statements(view, "source_type")
    yield "quoted", standing.filter(pl.col("source_type") == "quoted")
    yield "official", standing.filter(pl.col("source_type") == "official")
    yield "contradictions", view.current("conflicts", "verdict").filter(pl.col("verdict") == "contradiction")
    yield "retained", view.current("resolutions", "retained").filter("retained")
    yield "triples", view.live("triples")
    yield "triples_rejected", view.current("triples", "rejected_reason").filter(~accepted)


def unknown_nation_records(view: View) -> int:
    """Readable records whose nation is missing or not in the registry."""
    return view.current("articles", "rejected_reason").filter(pl.col("rejected_reason") == UNKNOWN_NATION).height


def rejections(view: View) -> tuple[Rejection, ...]:
    """How many current rows were refused, by table, reason and nation."""
    found = []
    for table in REFUSING:
        rows = view.current(table, "rejected_reason").filter(pl.col("rejected_reason").is_not_null())
        counted = rows.group_by("rejected_reason", "nation").len().sort("rejected_reason", "nation")
        found += [
            Rejection(stage=table, reason=reason, nation=nation or "unknown", count=count)
            for reason, nation, count in counted.iter_rows()
        ]
    return tuple(found)


def judge_shares(view: View) -> tuple[JudgeShare, ...]:
    """How many candidate pairs each judge had the last word on, and what it said."""
    judged = view.current("conflicts", "judge", "verdict", "decided")
    said = pl.col("verdict")
    rows = judged.group_by("judge").agg(
        pl.len().alias("pairs"),
        (said == "contradiction").sum().alias("contradictions"),
        (said == "entailment").sum().alias("entailments"),
        (~pl.col("decided")).sum().alias("undecided"),
    )
    return tuple(JudgeShare(**row) for row in rows.sort("judge").iter_rows(named=True))


def tables(view: View) -> tuple[TableState, ...]:
    """Version, rows and live rows of every table that exists."""
    states = []
    for name in table_names():
        snapshot = view.snapshot(name)
        if snapshot.version >= 0:
            live = view.live(name).height if name in view.tracked else None
            states.append(TableState(name=name, version=snapshot.version, rows=snapshot.rows, live=live))
    return tuple(states)


def is_internal(table: str) -> bool:
    """Whether a table is navab's own business rather than part of the contract."""
    return load_schema(table).internal
