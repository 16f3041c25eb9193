"""Statistics: known answers, coverage of the intervals, and what tests must find and must not find."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.support.known_answers import Scripted, ScriptedJudge
from navab.evaluation.methods import AnswerJudgement, Method, MultipleChoice, Outcome
from navab.evaluation.scorers.base import Scorer
from navab.evaluation.statistics import compare, correct_rates, decide, interval, position_bias
from navab.evaluation.triples import Triple
from tests.evaluation.made import triples, truths

MADE = triples(300, group_size=2)


def rows(outcomes: Sequence[Outcome], made: Sequence[Triple] = MADE, run: str = "run") -> pl.DataFrame:
    by_id = {triple.triple_id: triple for triple in made}
    return pl.DataFrame(
        [
            {
                "run_id": run,
                "triple_id": one.triple_id,
                "order": one.order,
                "outcome": one.outcome,
                "margin": one.margin,
                "scores": list(one.scores),
                "group_id": by_id[one.triple_id].group_id,
                "nation": by_id[one.triple_id].nation,
            }
            for one in outcomes
        ],
        schema_overrides={"scores": pl.List(pl.Float64)},
    )


def result(scorer: Scorer, method: Method) -> dict[str, float]:
    found = rows(method.outcomes(MADE, scorer))
    rate = correct_rates(decide(found), ["nation"]).row(0, named=True)
    return rate | position_bias(found, ["nation"]).row(0, named=True)


def test_always_the_statement_is_a_hundred_percent() -> None:
    found = result(Scripted("truth", truths(MADE)), MultipleChoice("debiased"))
    assert found["correct_rate"] == 1
    assert found["position_bias"] == 0
    assert found["consistent"] == 1
    assert 0.95 < found["low"] < 1
    assert found["high"] == 1


def test_always_the_first_position_is_half_with_full_bias() -> None:
    found = result(Scripted("first"), MultipleChoice("debiased"))
    assert found["correct_rate"] == 0.5
    assert found["position_bias"] == 1
    assert found["ties"] == 1
    assert found["consistent"] == 0


def test_random_picks_are_within_their_interval() -> None:
    found = result(Scripted("random"), MultipleChoice("debiased"))
    assert found["low"] < 0.5 < found["high"]
    assert abs(found["position_bias"]) < 0.2


def test_refusals_take_no_side() -> None:
    found = result(Scripted("refusal"), AnswerJudgement(ScriptedJudge()))
    assert found["refusals"] == 1
    assert found["decided"] == 0
    assert np.isnan(found["correct_rate"])


def simulated(generator: np.random.Generator, groups: int, rate: float, spread: float) -> tuple[np.ndarray, np.ndarray]:
    """Right and wrong answers in groups of one to four that share their own rate."""
    sizes = generator.integers(1, 5, size=groups)
    own = generator.beta(rate * spread, (1 - rate) * spread, size=groups)
    index = np.repeat(np.arange(groups), sizes)
    return (generator.random(len(index)) < own[index]).astype(float), index


@pytest.mark.parametrize(("groups", "rate"), [(30, 0.5), (100, 0.7), (100, 0.9)])
def test_intervals_cover_the_truth_as_often_as_they_say(groups: int, rate: float) -> None:
    generator = np.random.default_rng(groups)
    covered = []
    for _ in range(400):
        values, index = simulated(generator, groups, rate, spread=1.0)
        found = interval(values, index, replicates=400)
        covered.append(found.low <= rate <= found.high)
    # 95 % asked for; 400 trials have a standard error of 1.1 points, and groups as skewed as these cost some more.
    assert 0.915 <= np.mean(covered) <= 0.985


def test_intervals_know_that_groups_are_not_independent() -> None:
    values = np.repeat([0.0, 1.0], 50)
    alone = interval(values, np.arange(100))
    together = interval(values, np.repeat(np.arange(10), 10))
    assert together.high - together.low > 2 * (alone.high - alone.low)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([0.0, 0.5, 1.0]), st.integers(0, 5)), min_size=1, max_size=40))
def test_an_interval_holds_its_mean(values: list[tuple[float, int]]) -> None:
    credit, groups = (np.array(column) for column in zip(*values, strict=True))
    found = interval(credit, groups, replicates=200)
    assert 0 <= found.low <= found.mean + 1e-9
    assert found.mean - 1e-9 <= found.high <= 1
    assert found.count == len(values)
    shuffled = np.random.default_rng(1).permutation(len(values))
    again = interval(credit[shuffled], groups[shuffled], replicates=200)
    assert (again.low, again.high) == pytest.approx((found.low, found.high))


def decided(right: np.ndarray, groups: np.ndarray) -> pl.DataFrame:
    return pl.DataFrame({"triple_id": np.arange(len(right)), "group_id": groups, "credit": right.astype(float)})


def test_a_model_does_not_differ_from_itself() -> None:
    one = decided(np.arange(100) % 3 == 0, np.arange(100))
    found = compare(one, one)
    assert found.difference.mean == 0
    assert found.p_value == 1
    assert (found.first_only, found.second_only) == (0, 0)


def test_a_clear_difference_is_found_and_its_sign_is_firsts() -> None:
    better = decided(np.arange(200) % 10 != 0, np.arange(200))
    worse = decided(np.arange(200) % 2 == 0, np.arange(200))
    found = compare(better, worse)
    assert found.p_value < 0.001
    assert found.difference.low > 0
    assert compare(worse, better).difference.mean == -found.difference.mean


def test_one_disagreeing_group_is_no_evidence_however_large() -> None:
    groups = np.repeat([0, 1], [50, 50])
    found = compare(decided(groups == 0, groups), decided(np.zeros(100), groups))
    assert found.first_only == 50
    assert found.p_value == 1


def test_the_paired_test_keeps_its_level() -> None:
    generator = np.random.default_rng(5)
    p_values = []
    for _ in range(300):
        first, groups = simulated(generator, 60, 0.6, spread=2.0)
        second = generator.permutation(first)
        p_values.append(compare(decided(first, groups), decided(second, groups), replicates=300).p_value)
    assert np.mean(np.array(p_values) <= 0.05) <= 0.085
