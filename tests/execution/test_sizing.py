"""Sizing: costs fitted to runs, and what they say of work to come."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from navab.execution.runs import RunRecord, StepRecord
from navab.execution.sizing import Forecast, StepCost, costs, estimate, fit

rows = st.lists(st.integers(1, 10**7), min_size=2, max_size=6, unique=True)


@given(rows, st.floats(0, 100), st.floats(1e-6, 10))
def test_an_exact_law_is_found(counts: list[int], start: float, slope: float) -> None:
    law = StepCost(start, slope)
    found = fit(counts, [law.seconds(count) for count in counts])
    for count in counts:
        assert found.seconds(count) == pytest.approx(law.seconds(count), rel=1e-4)


@given(rows, st.lists(st.floats(0.01, 1e5), min_size=6, max_size=6))
def test_no_part_is_negative(counts: list[int], seconds: list[float]) -> None:
    found = fit(counts, seconds[: len(counts)])
    assert found.start_s >= 0
    assert found.row_s >= 0
    assert found.seconds(0) == 0


def test_one_measurement_is_a_rate_and_none_costs_nothing() -> None:
    assert fit([100], [5.0]) == StepCost(0.0, 0.05)
    assert fit([100, 100], [5.0, 7.0]).seconds(200) == pytest.approx(12)
    assert fit([0], [1.0]) == fit([], []) == StepCost(0.0, 0.0)


def test_costs_of_runs() -> None:
    def record(count: int, seconds: float) -> RunRecord:
        steps = [StepRecord(stage="a", step="a", rows=count, seconds=seconds)]
        steps.append(StepRecord(stage="b", step="b", rows=0, seconds=0.1))
        return RunRecord(command="run", started_at=datetime.now(UTC), engine="rules", steps=steps)

    found = costs([record(100, 12.0), record(1000, 30.0), record(0, 0.2)])
    assert set(found) == {"a"}, "what never had work costs nothing that is known"
    assert found["a"].start_s == pytest.approx(10)
    assert found["a"].row_s == pytest.approx(0.02)


def test_what_one_step_makes_the_next_one_gets() -> None:
    each = StepCost(1.0, 0.5)
    found = estimate(
        [
            Forecast("articles", 2, None, each),
            Forecast("embeddings", 10, 100.0, each),
            Forecast("topics", 0, None, StepCost(60.0, 0.0), replaces=True),
            Forecast("extraction", 5, 0.5, each, prompt_tokens=900.0, output_tokens=80.0),
            Forecast("triples", 0, None, each),
        ]
    )
    assert [one.coming for one in found] == [0, 200, 0, 105, None]
    assert [one.seconds for one in found] == [2.0, 106.0, 60.0, 56.0, None]
    assert found[3].prompt_tokens == 900 * 110
    assert found[3].output_tokens == 80 * 110
    assert found[4].prompt_tokens is None


def test_nothing_pending_takes_nothing() -> None:
    found = estimate([Forecast("articles", 0, None, None), Forecast("topics", 0, None, None, replaces=True)])
    assert [(one.coming, one.seconds, one.prompt_tokens) for one in found] == [(0, 0.0, 0), (0, 0.0, 0)]


def test_what_was_never_measured_is_unknown() -> None:
    first, second = estimate([Forecast("articles", 3, None, None), Forecast("embeddings", 0, 20.0, StepCost(1, 1))])
    assert first.seconds is None
    assert (second.coming, second.seconds) == (60, 61.0)


def test_tokens_that_no_answer_has_told_are_unknown() -> None:
    (found,) = estimate([Forecast("extraction", 10, None, None, prompt_tokens=None, output_tokens=None)])
    assert (found.prompt_tokens, found.output_tokens) == (None, None)
    (nothing,) = estimate([Forecast("extraction", 0, 0.0, None, prompt_tokens=None, output_tokens=None)])
    assert (nothing.prompt_tokens, nothing.output_tokens) == (0, 0)
