"""The sample: every stratum by its share, whatever the order of rows."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from navab.topics.sampling import stratified

ROWS = st.lists(
    st.tuples(st.integers(0, 10**6), st.sampled_from(["a", "b", None]), st.sampled_from(["2024-01", None])),
    max_size=60,
    unique_by=lambda row: row[0],
)


def frame(rows: list[tuple[int, str | None, str | None]]) -> pl.DataFrame:
    schema = {"article_id": pl.Int64, "source": pl.String, "month": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


@given(ROWS, st.integers(1, 70))
def test_as_many_as_asked_for_and_no_stratum_off_by_one(
    rows: list[tuple[int, str | None, str | None]], size: int
) -> None:
    whole = frame(rows)
    sample = stratified(whole, ("source", "month"), size)
    assert sample.height == min(size, whole.height)
    for key, stratum in whole.group_by("source", "month"):
        own = sample.filter(pl.col("source").eq_missing(key[0]) & pl.col("month").eq_missing(key[1]))
        assert abs(own.height - stratum.height * min(size, whole.height) / whole.height) < 1
        assert own["article_id"].to_list() == sorted(stratum["article_id"])[: own.height]


@given(ROWS, st.integers(1, 70), st.randoms())
def test_the_order_of_rows_does_not_matter(
    rows: list[tuple[int, str | None, str | None]], size: int, chance: object
) -> None:
    shuffled = sorted(rows, key=lambda _: chance.random())  # type: ignore[attr-defined]
    assert stratified(frame(rows), ("source",), size).equals(stratified(frame(shuffled), ("source",), size))
