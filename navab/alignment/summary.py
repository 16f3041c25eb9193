"""What trainings have shown: gains by nation, by polarity and by seed, put together over the seeds of a setting."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from navab.alignment.gains import Gain, gains
from navab.alignment.training import TrainingRecord
from navab.evaluation.statistics import decide

# What both texts of a triple look like to somebody who sees negations only.
POLARITIES = {-1: "RS negated", 0: "both or neither negated", 1: "S negated"}


@dataclass(frozen=True, slots=True)
class Summary:
    """The trainings of one setting, one a seed, and what they changed by one method of evaluation.

    `nations` and `polarities` end with the gain over all triples.
    """

    release: str
    model: str
    method: str
    arm: str
    learned: tuple[str, ...]
    measured_by: str
    records: tuple[TrainingRecord, ...]
    nations: tuple[Gain, ...]
    polarities: tuple[Gain, ...]


def summaries(
    records: Sequence[TrainingRecord], rows_of: Callable[[Sequence[str]], pl.DataFrame], polarity: pl.DataFrame
) -> list[Summary]:
    """Put trainings together that differ in their seed alone.

    `rows_of` reads the rows of `evaluations` of some runs; `polarity` has triple_id and polarity, as
    `navab.alignment.pairs.with_shape` gives it.
    """
    settings: dict[tuple[object, ...], list[TrainingRecord]] = {}
    for record in records:
        if record.after:
            settings.setdefault(_setting(record), []).append(record)
    return [
        _summary(measured_by, tuple(sorted(own, key=lambda one: one.seed)), rows_of, polarity)
        for own in settings.values()
        for measured_by in own[0].after
    ]


def _setting(record: TrainingRecord) -> tuple[object, ...]:
    decided = {key: value for key, value in record.settings.items() if key not in ("seeds", "control", "ablation")}
    return (record.release, record.model, record.arm, record.nations, str(decided), str(record.before))


def _summary(
    measured_by: str,
    records: tuple[TrainingRecord, ...],
    rows_of: Callable[[Sequence[str]], pl.DataFrame],
    polarity: pl.DataFrame,
) -> Summary:
    first = records[0]
    before, *after = (
        decide(rows_of([runs[measured_by]])).join(polarity, on="triple_id", how="left")
        for runs in (first.before, *(record.after for record in records))
    )
    return Summary(
        release=first.release,
        model=first.model,
        method=first.method,
        arm=first.arm,
        learned=first.nations,
        measured_by=measured_by,
        records=records,
        nations=tuple(gains(before, after)),
        polarities=tuple(gains(_named(before), after, "polarity")),
    )


def _named(rows: pl.DataFrame) -> pl.DataFrame:
    names: Mapping[int, str] = POLARITIES
    named = pl.col("polarity").replace_strict(dict(names), default=None, return_dtype=pl.String)
    return rows.with_columns(named)
