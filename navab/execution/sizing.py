"""Sizing: what a run will take, from what runs have taken. Each step costs a start and a time for each row.

Fitted by weighted least squares on run records; weights are those of relative errors, so that small runs count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from navab.execution.runs import RunRecord


@dataclass(frozen=True, slots=True)
class StepCost:
    """Seconds of a step: `start_s`, and `row_s` for each row."""

    start_s: float
    row_s: float

    def seconds(self, rows: int) -> float:
        """What so many rows will take; nothing is not started."""
        return self.start_s + self.row_s * rows if rows else 0.0


def fit(rows: Sequence[int], seconds: Sequence[float]) -> StepCost:
    """Fit a step's cost to measurements; neither part is negative. One measurement is all rate, none costs nothing."""
    measured = [(count, taken) for count, taken in zip(rows, seconds, strict=True) if count > 0 and taken > 0]
    if not measured:
        return StepCost(0.0, 0.0)
    counts, taken = (np.array(column, dtype=float) for column in zip(*measured, strict=True))
    rate = StepCost(0.0, float(np.mean(taken / counts)))
    if len(np.unique(counts)) < 2:
        return rate
    design = np.stack([np.ones_like(counts), counts], axis=1) / taken[:, None]
    start, slope = np.linalg.lstsq(design, np.ones_like(taken), rcond=None)[0]
    if slope < 0:
        return StepCost(float(np.mean(taken)), 0.0)
    return rate if start < 0 else StepCost(float(start), float(slope))


def costs(records: Sequence[RunRecord]) -> dict[str, StepCost]:
    """The cost of every step that one of the runs has done to its end."""
    found: dict[str, tuple[list[int], list[float]]] = {}
    for record in records:
        for step in record.steps:
            rows, seconds = found.setdefault(step.step, ([], []))
            rows.append(step.rows)
            seconds.append(step.seconds)
    return {name: fit(*measured) for name, measured in found.items() if any(measured[0])}


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is known of a step before it runs.

    `rows_each`: rows that it makes of each row of the step before, None if that was never seen; a step that replaces
    whole tables makes none of its own. `prompt_tokens` and `output_tokens` are those of one row, None if not measured.
    """

    step: str
    pending: int
    rows_each: float | None
    cost: StepCost | None
    replaces: bool = False
    prompt_tokens: float | None = 0.0
    output_tokens: float | None = 0.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """Rows pending now, rows that earlier steps will bring, and what they take; None where nothing was measured."""

    step: str
    pending: int
    coming: int | None
    seconds: float | None
    prompt_tokens: int | None
    output_tokens: int | None


def estimate(forecasts: Sequence[Forecast]) -> list[Estimate]:
    """Estimate every step, in the order in which they run: what one makes is what the next one gets."""
    found = []
    arriving: int | None = 0
    for one in forecasts:
        if one.replaces:
            again = one.pending or (1 if arriving else 0)
            seconds = one.cost.seconds(again) if one.cost else 0.0 if again == 0 and arriving == 0 else None
            found.append(Estimate(one.step, one.pending, 0, seconds, 0, 0))
            continue
        coming = _coming(arriving, one.rows_each)
        arriving = None if coming is None else one.pending + coming
        found.append(
            Estimate(
                one.step,
                one.pending,
                coming,
                _seconds(arriving, one.cost),
                _tokens(arriving, one.prompt_tokens),
                _tokens(arriving, one.output_tokens),
            )
        )
    return found


def _coming(arriving: int | None, rows_each: float | None) -> int | None:
    if arriving == 0:
        return 0
    return None if arriving is None or rows_each is None else round(arriving * rows_each)


def _seconds(rows: int | None, cost: StepCost | None) -> float | None:
    if rows == 0:
        return 0.0
    return None if rows is None or cost is None else cost.seconds(rows)


def _tokens(rows: int | None, each: float | None) -> int | None:
    if rows == 0:
        return 0
    return None if rows is None or each is None else round(each * rows)
