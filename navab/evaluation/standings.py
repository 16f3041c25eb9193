"""Standings: what the rows of `evaluations` say of every run, nation by nation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from navab.evaluation.statistics import correct_rates, decide, position_bias
from navab.evaluation.table import EvaluationRecord, run_rows
from navab.lake.lake import Lake

ALL = "all"  # in place of a nation: all of them, each triple counted once
COLUMNS = [
    "run_id", "nation", "triple_id", "source_type", "order", "outcome", "margin", "scores", "answer", "group_id",
    "topic", "part", "published_at",
]  # fmt: skip


def read_rows(lake: Lake, records: Sequence[EvaluationRecord]) -> pl.DataFrame:
    """The rows of some runs."""
    snapshot = lake.table("evaluations").snapshot()
    return pl.concat([run_rows(snapshot, record.run_id, COLUMNS) for record in records])


def standings(rows: pl.DataFrame) -> pl.DataFrame:
    """Correct rate, interval, ties, refusals and position bias of every run, by nation and for `ALL` of them."""
    everywhere = rows.with_columns(pl.lit(ALL).alias("nation"))
    found = []
    for part in (rows, everywhere):
        rates = correct_rates(decide(part), ["run_id", "nation"])
        found.append(rates.join(position_bias(part, ["run_id", "nation"]), on=["run_id", "nation"], how="left"))
    return pl.concat(found).sort("run_id", "nation")


def breakdown(rows: pl.DataFrame, by: Sequence[str], records: Sequence[EvaluationRecord]) -> pl.DataFrame:
    """The same by other columns: nation, source_type, topic, part, or period (about a model's cut-off day)."""
    cutoffs = {record.run_id: record.cutoff for record in records}
    periods = with_period(decide(rows), cutoffs)
    bias = position_bias(with_period(rows, cutoffs), ["run_id", *by])
    rates = correct_rates(periods, ["run_id", *by])
    return rates.join(bias, on=["run_id", *by], how="left", nulls_equal=True).sort("run_id", *by, nulls_last=True)


def with_period(rows: pl.DataFrame, cutoffs: dict[str, datetime | None]) -> pl.DataFrame:
    """Rows with `period`: before or after the cut-off day of their run's model, unknown where a date is missing."""
    days = pl.DataFrame(
        {"run_id": list(cutoffs), "_cutoff": list(cutoffs.values())},
        schema={"run_id": pl.String, "_cutoff": pl.Datetime("us", "UTC")},
    )
    known = pl.col("published_at").is_not_null() & pl.col("_cutoff").is_not_null()
    after = pl.col("published_at") > pl.col("_cutoff")
    period = pl.when(~known).then(pl.lit("unknown")).when(after).then(pl.lit("after")).otherwise(pl.lit("before"))
    return rows.join(days, on="run_id", how="left").with_columns(period.alias("period")).drop("_cutoff")
