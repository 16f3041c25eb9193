"""Preference pairs: the statement is preferred to its reversal, in the two formats that TRL reads.

`plain` has texts; `conversational` has the same texts as turns of a chat, to which TRL applies the model's template.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import Literal, get_args

import polars as pl

Format = Literal["plain", "conversational"]

_ROLES: Mapping[str, str] = {"prompt": "user", "chosen": "assistant", "rejected": "assistant"}
_FOLDERS = ("nation", "source_type", "split")


def preference_files(default: pl.DataFrame) -> Iterator[tuple[str, bytes]]:
    """Yield path and bytes of every `preferences/<format>/<nation>/<source_type>/<split>.jsonl` of a subset."""
    pairs = preference_pairs(default)
    for form in get_args(Format):
        groups = in_format(pairs, form).partition_by(_FOLDERS, as_dict=True, include_key=False, maintain_order=True)
        for folders, rows in sorted(groups.items(), key=lambda item: tuple(map(str, item[0]))):
            sink = io.BytesIO()
            rows.write_ndjson(sink)
            yield f"preferences/{form}/{'/'.join(map(str, folders))}.jsonl", sink.getvalue()


def preference_pairs(triples: pl.DataFrame) -> pl.DataFrame:
    """One pair a complete triple of a release: prompt, chosen, rejected, weight, and where it comes from.

    `weight` is one divided by the pairs of the leakage group in the same nation, source type and split: what restates
    the same statement, or stands in the same article, counts once together.
    """
    complete = triples.filter(pl.col("question").is_not_null() & pl.col("reversed_statement").is_not_null())
    return complete.select(
        *_FOLDERS,
        pl.col("question").alias("prompt"),
        pl.col("statement").alias("chosen"),
        pl.col("reversed_statement").alias("rejected"),
        (1 / pl.len().over(*_FOLDERS, "group_id")).alias("weight"),
        "language",
        "triple_id",
        "group_id",
    )


def in_format(pairs: pl.DataFrame, form: Format) -> pl.DataFrame:
    """Pairs in one of TRL's formats; `pairs` are in the plain one."""
    return pairs if form == "plain" else pairs.with_columns(_turn(column, role) for column, role in _ROLES.items())


def _turn(column: str, role: str) -> pl.Expr:
    """A text as a chat of one turn."""
    return pl.concat_list(pl.struct(pl.lit(role).alias("role"), pl.col(column).alias("content"))).alias(column)
