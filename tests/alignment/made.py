"""Made-up pairs whose shape is known."""

from __future__ import annotations

from typing import Any

import polars as pl

SCHEMA: dict[str, Any] = {
    "nation": pl.String,
    "source_type": pl.String,
    "split": pl.String,
    "prompt": pl.String,
    "chosen": pl.String,
    "rejected": pl.String,
    "weight": pl.Float64,
    "language": pl.String,
    "triple_id": pl.Int64,
    "group_id": pl.Int64,
    "polarity": pl.Int8,
    "length": pl.Int8,
}


def pair(number: int, **changes: object) -> dict[str, object]:
    """One pair of the United Kingdom whose rejected text is negated and longer."""
    row: dict[str, object] = {
        "nation": "uk",
        "source_type": "quoted",
        "split": "train",
        "prompt": f"Should rule {number} hold?",
        "chosen": f"Rule {number} should hold.",
        "rejected": f"Rule {number} should not hold.",
        "weight": 1.0,
        "language": "en",
        "triple_id": number * 7919 - 5000,
        "group_id": number,
        "polarity": -1,
        "length": -1,
    }
    return row | changes


def frame(rows: list[dict[str, object]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SCHEMA)
