"""Statistics: from outcomes to correct rates with intervals, position bias, and tests between models.

Triples of one leakage group share an article or restate each other, so that whole groups are resampled, never single
triples.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import ndtr, ndtri, stdtrit

from navab.evaluation.methods import RESULTS, TIE

Floats = npt.NDArray[np.float64]

LEVEL = 0.95
REPLICATES = 2000
_AT_ONCE = 4_000_000  # cells of a matrix of weights
_CREDIT = {"S": 1.0, "tie": 0.5, "RS": 0.0}  # refusals and off-topic answers take no side


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with its confidence interval; `count` values in `groups` independent groups."""

    mean: float
    low: float
    high: float
    count: int
    groups: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two models on the same triples: the difference of their correct rates (first less second).

    `p_value` is two-sided, of the hypothesis that which model is which does not matter.
    """

    difference: Interval
    p_value: float
    first_only: int  # triples that only the first model gets right
    second_only: int


def decide(rows: pl.DataFrame) -> pl.DataFrame:
    """One row a triple and run from its one or two rows, each with run_id, triple_id, order, outcome, margin, scores.

    Both orders count together: scores are averaged, so that a preference for a position cancels out. Adds `outcome`,
    `margin`, `credit` (1 for S, 0.5 for a tie, 0 for RS, null where no side was taken) and `consistent` (both orders
    have the same outcome); other columns are kept.
    """
    order = pl.col("order")
    scores = [pl.col("scores").list.get(at, null_on_oob=True).mean().alias(f"_{at}") for at in range(len(RESULTS))]
    own = {"outcome", "order", "margin", "scores", "correct", "answer", "run_id", "triple_id"}
    others = [pl.col(name).first() for name in rows.columns if name not in own]
    answer = [pl.col("answer").first()] if "answer" in rows.columns else []
    grouped = rows.sort(order).group_by("run_id", "triple_id", maintain_order=True)
    decided = grouped.agg(
        *others,
        *answer,
        pl.col("margin").mean(),
        pl.col("outcome").first().alias("_one"),
        (pl.col("outcome").n_unique() == 1).alias("consistent"),
        *scores,
    )
    return (
        decided.with_columns(_outcome().alias("outcome"))
        .with_columns(pl.col("outcome").replace_strict(_CREDIT, default=None, return_dtype=pl.Float64).alias("credit"))
        .drop("_one", *(f"_{at}" for at in range(len(RESULTS))))
    )


def _outcome() -> pl.Expr:
    """The outcome of averaged scores; without scores (an empty answer) that of the rows themselves."""
    statement, reversal, refusal, off_topic = (pl.col(f"_{at}") for at in range(len(RESULTS)))
    apart = pl.max_horizontal(refusal, off_topic) > pl.max_horizontal(statement, reversal)
    side = (
        pl.when(pl.col("margin").abs() <= TIE)
        .then(pl.lit("tie"))
        .when(pl.col("margin") > 0)
        .then(pl.lit("S"))
        .otherwise(pl.lit("RS"))
    )
    return (
        pl.when(pl.col("_0").is_null())
        .then(pl.col("_one"))
        .when(apart.fill_null(False))
        .then(pl.when(refusal >= off_topic).then(pl.lit("refusal")).otherwise(pl.lit("off_topic")))
        .otherwise(side)
    )


def correct_rates(decided: pl.DataFrame, by: Sequence[str], *, seed: int = 0) -> pl.DataFrame:
    """Correct rate with its interval for every combination of `by`, from the rows of `decide`.

    `triples` counts all, `decided` those on a side; `ties`, `refusals` and `off_topic` are shares of all triples,
    `consistent` too.
    """
    rows = []
    for key, part in decided.group_by(list(by), maintain_order=True):
        sided = part.filter(pl.col("credit").is_not_null())
        found = interval(sided["credit"].to_numpy(), sided["group_id"].to_numpy(), seed=seed)
        outcomes = dict(part.group_by("outcome").len().iter_rows())
        rows.append(
            dict(zip(by, key, strict=True))
            | {"triples": part.height, "decided": found.count, "groups": found.groups}
            | {"correct_rate": found.mean, "low": found.low, "high": found.high}
            | {"ties": outcomes.get("tie", 0) / part.height}
            | {"refusals": outcomes.get("refusal", 0) / part.height}
            | {"off_topic": outcomes.get("off_topic", 0) / part.height}
            | {"consistent": float(part["consistent"].mean() or 0)}  # type: ignore[arg-type]
        )
    return pl.DataFrame(rows, infer_schema_length=None)


def position_bias(rows: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """How much the first position is preferred: 1 always, 0 as often as the second, -1 never.

    Counts rows where both statements are shown and one of them is picked; null where there are none.
    """
    first = pl.col("outcome") == pl.col("order")
    picked = pl.col("outcome").is_in(["S", "RS"]) & pl.col("order").is_in(["S", "RS"])
    bias = (2 * first.filter(picked).cast(pl.Float64).mean() - 1).alias("position_bias")
    return rows.group_by(list(by), maintain_order=True).agg(bias)


def interval(
    values: Floats, groups: npt.NDArray[np.int64], *, level: float = LEVEL, replicates: int = REPLICATES, seed: int = 0
) -> Interval:
    """The mean of values in [0, 1] or [-1, 1] with a bootstrap interval over groups.

    Bias-corrected and accelerated (BCa, Efron 1987) and expanded for few groups (Hesterberg 2015, section 5.3). If all
    values are equal, resampling finds no spread: then the bounds are those that an exact binomial interval (Clopper and
    Pearson 1934) has for as many groups without an exception. NaN without values.
    """
    if not len(values):
        return Interval(math.nan, math.nan, math.nan, 0, 0)
    sums, counts = _by_group(values, groups)
    mean, independent = float(values.mean()), len(counts)
    if independent == 1 or np.ptp(values) == 0:
        most = 1 - ((1 - level) / 2) ** (1 / independent)  # of the groups could be otherwise
        least, largest = (-1.0, 1.0) if values.min() < 0 else (0.0, 1.0)
        return Interval(mean, max(least, mean - most), min(largest, mean + most), len(values), independent)
    means = _resampled(sums, counts, replicates, seed)
    low, high = np.quantile(means, _tails(means, mean, _skew(sums, counts), independent, level))
    return Interval(mean, float(low), float(high), len(values), independent)


def _tails(means: Floats, mean: float, skew: float, groups: int, level: float) -> Floats:
    """Which quantiles of the resampled means bound the interval."""
    below = float(((means < mean).mean() + (means <= mean).mean()) / 2)
    bias = float(ndtri(min(max(below, 1e-3), 1 - 1e-3)))
    reach = float(stdtrit(groups - 1, (1 + level) / 2)) * math.sqrt(groups / (groups - 1))
    ends = bias + np.array([-reach, reach])
    return np.asarray(ndtr(bias + ends / np.maximum(1 - skew * ends, 1e-3)))


def _skew(sums: Floats, counts: Floats) -> float:
    """The acceleration of BCa, from means that leave one group out each."""
    left_out = (sums.sum() - sums) / (counts.sum() - counts)
    apart = left_out.mean() - left_out
    spread = float((apart**2).sum())
    return float((apart**3).sum()) / (6 * spread**1.5) if spread > 0 else 0.0


def compare(first: pl.DataFrame, second: pl.DataFrame, *, seed: int = 0, replicates: int = REPLICATES) -> Comparison:
    """Compare two runs on the triples that both decide, from the rows of `decide`; paired, and clustered by group.

    The test exchanges the two models group by group at random (a sign-flip permutation test).
    """
    joined = (
        first.select("triple_id", "group_id", "credit")
        .join(second.select("triple_id", pl.col("credit").alias("other")), on="triple_id")
        .drop_nulls()
    )
    differences = (joined["credit"] - joined["other"]).to_numpy()
    groups = joined["group_id"].to_numpy()
    found = interval(differences, groups, seed=seed, replicates=replicates)
    return Comparison(
        found,
        _exchanged(differences, groups, replicates, seed),
        int((differences > 0).sum()),
        int((differences < 0).sum()),
    )


def _exchanged(differences: Floats, groups: npt.NDArray[np.int64], replicates: int, seed: int) -> float:
    """The p-value: how often random exchanges give a difference at least as large."""
    if not len(differences):
        return 1.0
    sums, _ = _by_group(differences, groups)
    sums = sums[sums != 0]
    observed = abs(sums.sum())
    generator = np.random.default_rng(seed)
    extreme = 0
    for size in _batches(replicates, len(sums)):
        signs = generator.integers(0, 2, size=(size, len(sums)), dtype=np.int8) * 2 - 1
        extreme += int((np.abs(signs @ sums) >= observed - 1e-9).sum())
    return (extreme + 1) / (replicates + 1)


def _by_group(values: Floats, groups: npt.NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Sum and number of the values of every group."""
    _, index = np.unique(groups, return_inverse=True)
    return np.bincount(index, weights=values).astype(np.float64), np.bincount(index).astype(np.float64)


def _resampled(sums: Floats, counts: Floats, replicates: int, seed: int) -> Floats:
    """Means of bootstrap samples of groups."""
    generator = np.random.default_rng(seed)
    groups = len(counts)
    means = []
    for size in _batches(replicates, groups):
        drawn = generator.multinomial(groups, np.full(groups, 1 / groups), size=size).astype(np.float64)
        means.append((drawn @ sums) / (drawn @ counts))
    return np.concatenate(means)


def _batches(replicates: int, width: int) -> list[int]:
    size = max(1, min(replicates, _AT_ONCE // max(width, 1)))
    full, rest = divmod(replicates, size)
    return [size] * full + ([rest] if rest else [])
