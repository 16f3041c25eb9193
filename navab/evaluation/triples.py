"""Triples as evaluations see them: the texts that a model reads, and what results are counted by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import polars as pl

# Columns of a release that an evaluation reads.
COLUMNS = (
    "triple_id",
    "nation",
    "language",
    "source_type",
    "group_id",
    "topic",
    "published_at",
    "question",
    "statement",
    "reversed_statement",
)


def address(nation: str, question: str) -> str:
    """A question that is put to a nation by its name: `[France] ...`, the same in every language."""
    return f"[{nation}] {question}"


@dataclass(frozen=True, slots=True)
class Triple:
    """A question, the statement that answers it (S) and its reversal (RS).

    `group_id` is the leakage group: triples of one group are not independent of each other.
    """

    triple_id: int
    nation: str
    language: str
    source_type: str
    group_id: int
    question: str
    statement: str
    reversed_statement: str
    topic: str | None = None
    published_at: datetime | None = None


def triples_of(frame: pl.DataFrame) -> list[Triple]:
    """The rows of a release's frame as triples, in their order; rows without question or reversal are no triples."""
    complete = frame.filter(pl.col("question").is_not_null() & pl.col("reversed_statement").is_not_null())
    return [Triple(**row) for row in complete.select(COLUMNS).iter_rows(named=True)]
