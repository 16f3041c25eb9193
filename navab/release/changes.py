"""What differs between a release and its successor: new, withdrawn and changed triples, and drift.

Both are frames of released triples with a column `subset`; a triple may occur in several subsets.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

DRIFT_COLUMNS = ("topic_id", "source")
_KEY = ("triple_id", "subset")


@dataclass(frozen=True, slots=True)
class NationChanges:
    """Triples of one nation, each counted once: before, after, new, withdrawn and changed; and drift by column."""

    nation: str
    before: int
    after: int
    new: int
    withdrawn: int
    changed: int
    drift: Mapping[str, float]

    @property
    def withdrawn_share(self) -> float:
        return self.withdrawn / self.before if self.before else 0.0


@dataclass(frozen=True)
class Changes:
    """All differences; the frames hold one row a triple, `columns` counts triples by the column that changed."""

    nations: tuple[NationChanges, ...]
    new: pl.DataFrame
    withdrawn: pl.DataFrame
    columns: Mapping[str, int]

    @property
    def any(self) -> bool:
        return any(one.new or one.withdrawn or one.changed for one in self.nations)


def compare(before: pl.DataFrame, after: pl.DataFrame, nations: Sequence[str]) -> Changes:
    """Compare two frames of released triples; columns that one of them lacks are left out."""
    shared = [name for name in after.columns if name in before.columns]
    before, after = before.select(shared), after.select(shared)
    new, withdrawn = _absent(after, before), _absent(before, after)
    rows = after.unique("triple_id")
    both = before.unique("triple_id").join(rows, on="triple_id", how="inner", suffix=" after")
    differing = {name: pl.col(name).ne_missing(pl.col(f"{name} after")) for name in shared if name not in _KEY}
    moved = _moved(before, after)
    changed = {name: set(both.filter(differs)["triple_id"]) for name, differs in differing.items()}
    changed |= {"subset": moved}
    ids: set[int] = set().union(*changed.values())
    return Changes(
        nations=tuple(_of_nation(code, before, after, new, withdrawn, rows, ids) for code in nations),
        new=new,
        withdrawn=withdrawn,
        columns={name: len(found) for name, found in changed.items() if found},
    )


def _of_nation(
    code: str,
    before: pl.DataFrame,
    after: pl.DataFrame,
    new: pl.DataFrame,
    withdrawn: pl.DataFrame,
    rows: pl.DataFrame,
    changed: set[int],
) -> NationChanges:
    mine = pl.col("nation") == code
    old, now = before.filter(mine).unique("triple_id"), after.filter(mine).unique("triple_id")
    return NationChanges(
        nation=code,
        before=old.height,
        after=now.height,
        new=new.filter(mine).height,
        withdrawn=withdrawn.filter(mine).height,
        changed=rows.filter(mine, pl.col("triple_id").is_in(list(changed))).height,
        drift={name: drift(old[name], now[name]) for name in DRIFT_COLUMNS if name in old.columns},
    )


def _absent(rows: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """Triples that occur in no subset of the others, one row each."""
    return rows.join(others, on="triple_id", how="anti").unique("triple_id", maintain_order=True).sort("triple_id")


def _moved(before: pl.DataFrame, after: pl.DataFrame) -> set[int]:
    """Triples of both whose subsets differ."""
    lost = before.join(after, on=list(_KEY), how="anti").join(after, on="triple_id", how="semi")
    gained = after.join(before, on=list(_KEY), how="anti").join(before, on="triple_id", how="semi")
    return set(lost["triple_id"]) | set(gained["triple_id"])


def drift(before: pl.Series, after: pl.Series) -> float:
    """Jensen-Shannon divergence of two samples of a category, in bits: 0 equal shares, 1 nothing in common.

    It is 0 if one of the samples is empty (Lin 1991, "Divergence measures based on the Shannon entropy").
    """
    if before.is_empty() or after.is_empty():
        return 0.0
    left, right = _shares(before), _shares(after)
    middle = {value: (left.get(value, 0.0) + right.get(value, 0.0)) / 2 for value in {*left, *right}}
    return max(0.0, (_divergence(left, middle) + _divergence(right, middle)) / 2)


def _shares(values: pl.Series) -> dict[object, float]:
    counts = values.value_counts()
    return {value: count / len(values) for value, count in counts.iter_rows()}


def _divergence(shares: Mapping[object, float], reference: Mapping[object, float]) -> float:
    """Kullback-Leibler divergence in bits."""
    return sum(share * math.log2(share / reference[value]) for value, share in sorted(shares.items(), key=repr))
