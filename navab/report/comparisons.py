"""Models against each other: what a paired test says of two, and the triples on which they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, islice

import polars as pl
import pyarrow as pa
import pyarrow.dataset as pads

from navab.evaluation.statistics import Comparison, compare
from navab.release.find import FoundRelease

MOST_PAIRS = 6  # of a board
MOST_DIFFERENCES = 24  # of a pair
_SIDES = ("question", "statement", "reversed_statement")


@dataclass(frozen=True, slots=True)
class Pick:
    """What one model made of a triple."""

    outcome: str
    margin: float
    answer: str | None


@dataclass(frozen=True, slots=True)
class Difference:
    """A triple on which two models differ."""

    nation: str
    language: str
    source_type: str
    question: str
    statement: str
    reversed_statement: str
    first: Pick
    second: Pick


@dataclass(frozen=True, slots=True)
class Pair:
    """Two models on the same triples; `total` counts all on which they differ."""

    first: str
    second: str
    comparison: Comparison
    differences: tuple[Difference, ...]
    total: int


def compare_models(
    decided: Mapping[str, pl.DataFrame], release: FoundRelease, core: FoundRelease | None
) -> tuple[Pair, ...]:
    """Compare models that have triples in common, the first ones with all others first.

    `decided` has their rows by name, best model first; of the differences the surest are shown, in the words in which
    they were asked: those of `core` for the core set. Without it, as it is no more in the lake, only those of the
    rolling set are.
    """
    joined = (
        (first, second, decided[first].join(decided[second], on="triple_id", suffix="_2"))
        for first, second in combinations(decided, 2)
    )
    found = [
        (first, second, _apart(rows))
        for first, second, rows in islice((one for one in joined if one[2].height), MOST_PAIRS)
    ]
    texts = _texts([apart.head(MOST_DIFFERENCES) for *_, apart in found], release, core)
    return tuple(
        Pair(first, second, compare(decided[first], decided[second]), _differences(apart, texts), apart.height)
        for first, second, apart in found
    )


def _apart(joined: pl.DataFrame) -> pl.DataFrame:
    """Triples on which two models differ, the surest first."""
    apart = (pl.col("margin") - pl.col("margin_2")).abs().alias("apart")
    differing = joined.filter(pl.col("outcome") != pl.col("outcome_2")).with_columns(apart)
    return differing.sort("apart", "triple_id", descending=[True, False])


def _differences(apart: pl.DataFrame, texts: pl.DataFrame) -> tuple[Difference, ...]:
    rows = apart.head(MOST_DIFFERENCES).join(texts, on="triple_id", maintain_order="left")
    return tuple(_difference(row) for row in rows.iter_rows(named=True))


def _difference(row: dict[str, object]) -> Difference:
    texts = {name: str(row[name]) for name in ("nation", "language", "source_type", *_SIDES)}
    picks = (
        Pick(str(row[f"outcome{end}"]), float(str(row[f"margin{end}"])), _given(row[f"answer{end}"]))
        for end in ("", "_2")
    )
    return Difference(**texts, first=next(picks), second=next(picks))


def _given(answer: object) -> str | None:
    return None if answer is None else str(answer)


def _texts(shown: Sequence[pl.DataFrame], release: FoundRelease, core: FoundRelease | None) -> pl.DataFrame:
    """Language and texts of triples, each of the release whose words were asked."""
    columns = ["triple_id", "language", *_SIDES]
    parts = [pl.DataFrame(schema=dict.fromkeys(columns, pl.String) | {"triple_id": pl.Int64})]
    for name, source in (("core", core), ("rolling", release)):
        ids = {triple for rows in shown for triple in rows.filter(pl.col("part") == name)["triple_id"]}
        if ids and source is not None:
            wanted = pads.field("triple_id").isin(pa.array(sorted(ids), pa.int64()))
            parts.append(pl.DataFrame(source.dataset(None).to_table(columns=columns, filter=wanted)))
    return pl.concat(parts)
