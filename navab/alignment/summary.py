"""What trainings have shown: gains by nation, by polarity and by seed, put together over the seeds of a setting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from navab.alignment.gains import Gain, gains
from navab.alignment.pairs import negations, with_shape
from navab.alignment.training import NOT_DECIDING, TrainingRecord
from navab.evaluation.standings import COLUMNS
from navab.evaluation.statistics import decide
from navab.evaluation.table import run_rows
from navab.lake.lake import Lake
from navab.lake.snapshot import TableSnapshot
from navab.nations.registry import Registry
from navab.release.find import FoundRelease
from navab.release.preferences import preference_pairs

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


def summarise(
    lake: Lake, registry: Registry, records: Sequence[TrainingRecord], releases: Sequence[FoundRelease]
) -> list[Summary]:
    """What trainings on some releases have changed, from the table `evaluations`; seeds of a setting together."""
    snapshot = lake.table("evaluations").snapshot()
    found = []
    for release in releases:
        own = [record for record in records if record.after and record.release == release.manifest.name]
        if own:
            pairs = preference_pairs(release.frame("default").filter(pl.col("split") == "test"))
            polarity = with_shape(pairs, negations(registry, pairs)).select("triple_id", "polarity")
            found += [
                _summary(snapshot, polarity, method, seeds) for seeds in _settings(own) for method in seeds[0].after
            ]
    return found


def _settings(records: Sequence[TrainingRecord]) -> list[tuple[TrainingRecord, ...]]:
    """Trainings that differ in their seed alone, together."""
    settings: dict[tuple[object, ...], list[TrainingRecord]] = {}
    for record in records:
        settings.setdefault(_setting(record), []).append(record)
    return [tuple(sorted(own, key=lambda one: one.seed)) for own in settings.values()]


def _setting(record: TrainingRecord) -> tuple[object, ...]:
    decided = {key: value for key, value in record.settings.items() if key not in NOT_DECIDING}
    return (record.release, record.model, record.arm, record.nations, str(decided), str(record.before))


def _summary(
    snapshot: TableSnapshot, polarity: pl.DataFrame, measured_by: str, records: tuple[TrainingRecord, ...]
) -> Summary:
    first = records[0]
    before, *after = (
        decide(run_rows(snapshot, runs[measured_by], COLUMNS)).join(polarity, on="triple_id", how="left")
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
