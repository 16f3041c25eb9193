"""Preference pairs: the statement is preferred to its reversal, in the format that TRL reads."""

from __future__ import annotations

import io
from collections.abc import Iterator

import polars as pl


def preference_files(default: pl.DataFrame) -> Iterator[tuple[str, bytes]]:
    """Yield path and bytes of every `preferences/<nation>/<split>.jsonl` from the subset `default`."""
    complete = default.filter(pl.col("question").is_not_null() & pl.col("reversed_statement").is_not_null())
    pairs = complete.select(
        "nation",
        "split",
        pl.col("question").alias("prompt"),
        pl.col("statement").alias("chosen"),
        pl.col("reversed_statement").alias("rejected"),
        "source_type",
        "triple_id",
        "group_id",
    )
    groups = pairs.partition_by(["nation", "split"], as_dict=True, include_key=False, maintain_order=True)
    for (nation, split), rows in sorted(groups.items(), key=lambda item: tuple(map(str, item[0]))):
        sink = io.BytesIO()
        rows.write_ndjson(sink)
        yield f"preferences/{nation}/{split}.jsonl", sink.getvalue()
