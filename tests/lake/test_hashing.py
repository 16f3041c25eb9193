"""Identities: the same content has the same hash, wherever and beside whatever it is hashed."""

from __future__ import annotations

import random

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from navab.lake import hashing
from navab.lake.hashing import block_digest, combine, set_digest, signature, text_hash

INT64 = st.integers(-(2**63), 2**63 - 1)


@given(st.lists(st.none() | st.text(), min_size=1, max_size=4))
def test_text_hashes_are_signed_64_bit_integers(parts: list[str | None]) -> None:
    assert -(2**63) <= text_hash(*parts) < 2**63
    assert text_hash(*parts) == text_hash(*parts)


def test_text_hash_tells_parts_apart() -> None:
    hashes = [text_hash("ab"), text_hash("a", "b"), text_hash("b", "a"), text_hash("ab", ""), text_hash("ab", None)]
    assert len(set(hashes)) == 5


def test_text_hash_takes_what_json_may_hold() -> None:
    assert text_hash("\ud800") != text_hash("?")


def test_signature_depends_on_name_version_and_settings_but_not_on_their_order() -> None:
    assert signature("topics", 1, seed=0, sample=9) == signature("topics", 1, sample=9, seed=0)
    others = {signature("topics", 2, seed=0, sample=9), signature("topic", 1, seed=0, sample=9), signature("topics", 1)}
    assert signature("topics", 1, seed=0, sample=9) not in others
    assert len(others) == 3


def test_known_values_stay_as_they_are() -> None:
    """These values are in every lake: a change makes all rows stale."""
    assert text_hash("navab") == 6689279799783191795
    assert int(combine(1, 2)[0]) == 6028567270101772503


@given(INT64, INT64)
def test_the_order_of_combined_values_matters(left: int, right: int) -> None:
    assert (combine(left, right)[0] == combine(right, left)[0]) == (left == right)


@given(INT64, st.lists(st.tuples(INT64, INT64), min_size=1))
def test_combine_works_element_by_element(scalar: int, rows: list[tuple[int, int]]) -> None:
    left, right = (pl.Series(values, dtype=pl.Int64) for values in zip(*rows, strict=True))
    whole = combine(scalar, left, right)
    assert whole.dtype == np.int64
    assert whole.tolist() == [int(combine(scalar, a, b)[0]) for a, b in rows]
    middle = len(rows) // 2
    assert np.array_equal(whole[middle:], combine(scalar, left[middle:], right[middle:]))


def test_scalars_are_broadcast_and_nothing_stays_nothing() -> None:
    assert len(combine(1, 2)) == 1
    assert len(combine(1, np.arange(5))) == 5
    assert len(combine(1, np.array([], dtype=np.int64))) == 0
    with pytest.raises(ValueError, match="broadcast"):
        combine(np.arange(2), np.arange(3))


@given(st.lists(st.tuples(INT64, INT64), max_size=20), st.randoms(use_true_random=False))
def test_a_set_digest_does_not_depend_on_order(rows: list[tuple[int, int]], chance: random.Random) -> None:
    shuffled = chance.sample(rows, len(rows))
    assert _digest(rows) == _digest(shuffled)
    assert _digest(rows) != _digest([*rows, (1, 2)])


def test_a_set_digest_keeps_the_values_of_a_row_together() -> None:
    assert _digest([(1, 2), (3, 4)]) != _digest([(1, 4), (3, 2)])


def test_block_digests_tell_names_and_keys_apart() -> None:
    keys = np.arange(3)
    digests = {block_digest("a", [keys]), block_digest("b", [keys]), block_digest("a", [keys[::-1]])}
    assert len(digests) == 3
    assert block_digest("a", [keys]) == block_digest("a", [keys.copy()])


def _digest(rows: list[tuple[int, int]]) -> int:
    frame = pl.DataFrame(rows, schema={"left": pl.Int64, "right": pl.Int64}, orient="row")
    return set_digest(frame["left"], frame["right"])


def test_long_columns_are_combined_block_by_block(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.arange(1000, dtype=np.int64)
    whole = combine(5, values, pl.Series(values * 3))
    monkeypatch.setattr(hashing, "_BLOCK", 7)
    assert np.array_equal(combine(5, values, pl.Series(values * 3)), whole)
    assert len(combine(5, values[:0])) == 0
