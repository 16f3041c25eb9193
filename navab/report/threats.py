"""What a board's rates may rest on besides values: negations, a release that was read, articles that were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from navab.evaluation.standings import breakdown
from navab.evaluation.table import EvaluationRecord
from navab.report.rates import Cell, cell_of


@dataclass(frozen=True, slots=True)
class Negated:
    """Shares of a nation's S and RS that hold a negation."""

    nation: str
    statements: float
    reversals: float


@dataclass(frozen=True, slots=True)
class Parts:
    """A model's rates by what it may have read: core and rolling set, articles before and after its cut-off.

    `canary_rank` is the rank of the release's canary among a hundred by likelihood.
    """

    model: str
    core: Cell | None
    rolling: Cell | None
    before: Cell | None
    after: Cell | None
    canary_rank: int | None


def negations(words: Sequence[EvaluationRecord]) -> tuple[Negated, ...]:
    """Negated S and RS by nation, as the baseline of words has counted them."""
    return tuple(Negated(nation, *shares) for record in words for nation, shares in sorted(record.negated.items()))


def parts(
    rows: pl.DataFrame, records: Sequence[EvaluationRecord], ranks: Mapping[str, int | None]
) -> tuple[Parts, ...]:
    """The parts of some runs, from their rows; `ranks` are those of the canary, by model."""
    cells = {
        (row["run_id"], row[by]): cell_of(row)
        for by in ("part", "period")
        for row in breakdown(rows, [by], records).iter_rows(named=True)
    }
    return tuple(
        Parts(
            record.model,
            cells.get((record.run_id, "core")),
            cells.get((record.run_id, "rolling")),
            cells.get((record.run_id, "before")),
            cells.get((record.run_id, "after")),
            ranks.get(record.model),
        )
        for record in records
    )
