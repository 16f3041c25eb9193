"""Correct rates as the leaderboard's tables show them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cell:
    """Correct rate of one model on some triples with its interval; all are shares."""

    rate: float
    low: float
    high: float
    triples: int


def cell_of(row: Mapping[str, object] | None) -> Cell | None:
    """A row of standings or of a breakdown as a cell; None where nothing was decided."""
    if row is None or not row["decided"]:
        return None
    rate, low, high = (float(str(row[name])) for name in ("correct_rate", "low", "high"))
    return Cell(rate, low, high, int(str(row["triples"])))
