"""Gains and the power calculation against figures that are known."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from navab.alignment.gains import ALL, gains
from navab.alignment.power import triples_needed


def decided(credits: list[float | None], nation: str = "uk") -> pl.DataFrame:
    count = len(credits)
    return pl.DataFrame(
        {"triple_id": range(count), "group_id": range(count), "nation": [nation] * count, "credit": credits},
        schema_overrides={"triple_id": pl.Int64, "group_id": pl.Int64, "credit": pl.Float64},
    )


def test_a_gain_is_the_mean_over_seeds_of_the_same_triples() -> None:
    before = decided([0.0] * 50 + [1.0] * 50)
    better, same = decided([1.0] * 20 + [0.0] * 30 + [1.0] * 50), before
    (uk, everything) = gains(before, [better, same])
    assert (uk.part, everything.part) == ("uk", ALL)
    assert (uk.before, uk.after) == (0.5, pytest.approx(0.6))
    assert uk.gain.mean == pytest.approx(0.1)
    assert 0 < uk.gain.low < 0.1 < uk.gain.high
    assert uk.by_seed == (pytest.approx(0.2), 0.0)


def test_triples_that_a_model_does_not_decide_count_in_no_rate() -> None:
    (uk, _) = gains(decided([0.0, 1.0, None, 1.0]), [decided([1.0, None, 1.0, 1.0])])
    assert (uk.gain.count, uk.before, uk.after) == (2, 0.5, 1.0)


def test_as_many_triples_as_the_calculation_says_find_the_gain() -> None:
    count = triples_needed(0.05, 0.15)
    assert 300 <= triples_needed(0.05, 0.1) < count < triples_needed(0.05, 0.2) <= 630
    random = np.random.default_rng(0)
    found = 0
    for _ in range(400):
        change = random.choice([1, -1, 0], p=[0.1, 0.05, 0.85], size=count)
        better, worse = int((change > 0).sum()), int((change < 0).sum())
        found += (better - worse) / np.sqrt(better + worse) > 1.96
    assert found / 400 == pytest.approx(0.8, abs=0.06)


def test_a_gain_cannot_exceed_the_changed_triples() -> None:
    with pytest.raises(ValueError, match="changed triples"):
        triples_needed(0.2, 0.1)
