"""Changes between two releases: every triple is new, withdrawn, changed or as it was."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from navab.release.changes import compare, drift

COLUMNS = {
    "triple_id": pl.Int64, "nation": pl.String, "subset": pl.String, "topic_id": pl.Int64, "source": pl.String,
    "support": pl.Int64, "speaker": pl.String,
}  # fmt: skip


def triples(*rows: tuple[object, ...]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=COLUMNS, orient="row")


def test_new_withdrawn_and_changed_are_told_apart() -> None:
    before = triples(
        (1, "uk", "default", 7, "BBC", 1, None),
        (2, "uk", "default", 7, "BBC", 1, "A"),
        (3, "uk", "default", 8, "BBC", 1, "A"),
        (4, "fr", "default", 9, "RFI", 1, "A"),
    )
    after = triples(
        (1, "uk", "default", 7, "BBC", 1, None),
        (2, "uk", "default", 7, "BBC", 2, "A"),
        (4, "fr", "contested", 9, "RFI", 1, "A"),
        (5, "fr", "default", 9, "RFI", 1, "A"),
        (5, "fr", "contested", 9, "RFI", 1, "A"),
    )
    changes = compare(before, after, ["uk", "fr", "de"])
    uk, fr, de = changes.nations
    assert (uk.before, uk.after, uk.new, uk.withdrawn, uk.changed) == (3, 2, 0, 1, 1)
    assert (fr.before, fr.after, fr.new, fr.withdrawn, fr.changed) == (1, 2, 1, 0, 1)
    assert (de.before, de.after) == (0, 0)
    assert changes.columns == {"support": 1, "subset": 1}
    assert changes.new["triple_id"].to_list() == [5]
    assert changes.withdrawn["triple_id"].to_list() == [3]
    assert uk.withdrawn_share == pytest.approx(1 / 3)
    assert changes.any


values = st.tuples(st.integers(1, 3), st.sampled_from(["BBC", None]), st.integers(1, 2))
subsets = st.sets(st.sampled_from(["default", "contested"]), min_size=1)
rows = st.dictionaries(st.integers(0, 9), st.tuples(subsets, values), max_size=8).map(
    lambda found: [
        (triple, "uk", subset, *columns, None) for triple, (its, columns) in found.items() for subset in sorted(its)
    ]
)


@given(rows, rows)
def test_counts_add_up_and_mirror(left: list[tuple[object, ...]], right: list[tuple[object, ...]]) -> None:
    before, after = triples(*left), triples(*right)
    (there,) = compare(before, after, ["uk"]).nations
    (back,) = compare(after, before, ["uk"]).nations
    assert there.after - there.new == there.before - there.withdrawn
    assert (there.new, there.withdrawn, there.changed) == (back.withdrawn, back.new, back.changed)
    assert there.drift == pytest.approx(back.drift)


@given(rows)
def test_a_release_does_not_differ_from_itself(left: list[tuple[object, ...]]) -> None:
    changes = compare(triples(*left), triples(*reversed(left)), ["uk"])
    assert not changes.any
    assert changes.nations[0].drift == pytest.approx({"topic_id": 0, "source": 0})


categories = st.lists(st.integers(0, 4) | st.none(), min_size=1, max_size=20).map(
    lambda v: pl.Series(v, dtype=pl.Int64)
)


@given(categories, categories)
def test_drift_is_a_symmetric_share(left: pl.Series, right: pl.Series) -> None:
    assert 0 <= drift(left, right) <= 1 + 1e-12
    assert drift(left, right) == pytest.approx(drift(right, left))


def test_drift_of_samples_that_share_nothing_is_one() -> None:
    assert drift(pl.Series([1, 1, 2]), pl.Series([3, 4])) == pytest.approx(1)
    assert drift(pl.Series([1]), pl.Series([], dtype=pl.Int64)) == 0
