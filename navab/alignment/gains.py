"""Gains: correct rates before and after alignment on the same triples, with intervals over leakage groups.

Reads rows as `navab.evaluation.statistics.decide` makes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from navab.evaluation.statistics import Interval, interval

ALL = "all"


@dataclass(frozen=True, slots=True)
class Gain:
    """What alignment changed on the triples of one part; rates are shares, `gain` is after less before.

    `by_seed` has the gain of every seed, in their order.
    """

    part: str
    before: float
    after: float
    gain: Interval
    by_seed: tuple[float, ...]


def gains(before: pl.DataFrame, after: Sequence[pl.DataFrame], by: str = "nation") -> list[Gain]:
    """Gains of every part and of all triples, `after` holding one frame a seed.

    A triple's credit after alignment is its mean over the seeds, so that the interval is that of triples and the seeds
    together count as one model; how far seeds differ stands beside it. Triples that a model does not decide are left
    out of all.
    """
    joined = before.select("triple_id", "group_id", by, pl.col("credit").alias("before"))
    for number, frame in enumerate(after):
        joined = joined.join(frame.select("triple_id", pl.col("credit").alias(f"seed {number}")), on="triple_id")
    joined = joined.drop_nulls(["before", *_seeds(after)])
    parts = [(str(name), joined.filter(pl.col(by) == name)) for name in sorted(joined[by].unique().drop_nulls())]
    return [_gain(name, rows, _seeds(after)) for name, rows in [*parts, (ALL, joined)] if rows.height]


def _seeds(after: Sequence[pl.DataFrame]) -> list[str]:
    return [f"seed {number}" for number in range(len(after))]


def _gain(part: str, rows: pl.DataFrame, seeds: Sequence[str]) -> Gain:
    after = rows.select(pl.mean_horizontal(seeds)).to_series()
    changes = (after - rows["before"]).to_numpy()
    mean_before = float(rows["before"].to_numpy().mean())
    return Gain(
        part,
        mean_before,
        float(after.to_numpy().mean()),
        interval(changes, rows["group_id"].to_numpy()),
        tuple(float(rows[name].to_numpy().mean()) - mean_before for name in seeds),
    )
