"""Pairs: balancing leaves no cue, drawing goes by weight, flipping is a fair coin, and none depends on order."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from navab.alignment.pairs import addressed, balanced, drawn, flipped, with_shape
from tests.alignment.made import frame, pair

signs = st.integers(-1, 1)
shapes = st.lists(st.tuples(st.sampled_from(["uk", "cn"]), signs, signs), max_size=60)


def shaped(found: list[tuple[str, int, int]]) -> pl.DataFrame:
    rows = [pair(at, nation=nation, polarity=p, length=n) for at, (nation, p, n) in enumerate(found)]
    return frame(rows)


def test_the_shape_says_which_text_is_negated_and_which_is_longer() -> None:
    pairs = frame([pair(1), pair(2, chosen="No.", rejected="Yes."), pair(3, chosen="Yes.", rejected="Yep.")])
    negated = pl.DataFrame(
        {
            "triple_id": pairs["triple_id"],
            "chosen_negated": [False, True, False],
            "rejected_negated": [True, False, False],
        }
    )
    found = with_shape(pairs.drop("polarity", "length"), negated)
    assert found.select("polarity", "length").rows() == [(-1, -1), (1, -1), (0, 0)]


@given(shapes, st.integers(0, 5))
def test_balanced_pairs_have_no_cue_left(found: list[tuple[str, int, int]], seed: int) -> None:
    kept = balanced(shaped(found), seed)
    for _, part in kept.group_by("nation"):
        assert part["polarity"].cast(pl.Int64).sum() == 0
        assert part["length"].cast(pl.Int64).sum() == 0


@given(shapes)
def test_balancing_keeps_all_that_it_can(found: list[tuple[str, int, int]]) -> None:
    kept = balanced(shaped(found), 0)
    counts = {shape: found.count(shape) for shape in found}
    assert kept.height == sum(min(size, counts.get((n, -p, -x), 0)) for (n, p, x), size in counts.items())


@given(shapes, st.randoms(use_true_random=False))
def test_the_order_of_pairs_decides_nothing(found: list[tuple[str, int, int]], random: object) -> None:
    pairs = shaped(found)
    shuffled = pairs.sample(fraction=1, shuffle=True, seed=3)
    for choose in (lambda rows: balanced(rows, 1), lambda rows: drawn(rows, 20, 1), lambda rows: flipped(rows, 1)):
        assert choose(pairs).sort("triple_id").equals(choose(shuffled).sort("triple_id"))


def test_heavier_pairs_are_drawn_more_often() -> None:
    pairs = frame([pair(at, weight=1.0 if at % 2 else 0.25) for at in range(4000)])
    share = drawn(pairs, 400, 0)["weight"].eq(1.0).mean()
    assert share == pytest.approx(0.8, abs=0.06)


def test_pairs_are_drawn_once_and_another_seed_draws_others() -> None:
    pairs = frame([pair(at) for at in range(100)])
    first, second = drawn(pairs, 50, 0), drawn(pairs, 50, 1)
    assert first["triple_id"].n_unique() == 50
    assert drawn(pairs, None, 0).height == 100
    assert set(first["triple_id"]) != set(second["triple_id"])


@given(shapes, st.integers(0, 5))
def test_the_first_of_balanced_pairs_are_balanced_as_well(found: list[tuple[str, int, int]], seed: int) -> None:
    kept = balanced(shaped(found), seed)
    learned = drawn(kept, None, seed, mirrored=True)
    assert set(learned["triple_id"]) == set(kept["triple_id"])
    for count in range(learned.height + 1):
        for cue in ("polarity", "length"):
            assert abs(learned.head(count)[cue].cast(pl.Int64).sum()) <= 1


def test_heavier_pairs_are_drawn_more_often_from_mirrored_ones_too() -> None:
    pairs = frame([pair(at, weight=1.0 if at % 4 < 2 else 0.25, polarity=1 - 2 * (at % 2)) for at in range(4000)])
    learned = drawn(pairs.with_columns(pl.col("polarity").alias("length")), 400, 0, mirrored=True)
    assert learned["weight"].eq(1.0).mean() == pytest.approx(0.8, abs=0.06)


def test_flipping_swaps_one_half_of_the_pairs_and_changes_no_text() -> None:
    pairs = frame([pair(at) for at in range(2000)])
    turned = flipped(pairs, 4)
    swapped = turned["chosen"] != pairs["chosen"]
    assert swapped.mean() == pytest.approx(0.5, abs=0.05)
    texts = [{row["chosen"], row["rejected"]} for row in turned.iter_rows(named=True)]
    assert texts == [{row["chosen"], row["rejected"]} for row in pairs.iter_rows(named=True)]


def test_a_question_may_be_put_to_a_nation() -> None:
    pairs = addressed(frame([pair(1), pair(2, nation="cn")]), {"uk": "United Kingdom", "cn": "China"})
    assert pairs["prompt"].to_list() == ["[United Kingdom] Should rule 1 hold?", "[China] Should rule 2 hold?"]
