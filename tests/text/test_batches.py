"""Batches: all texts in their order, in slices of about one size."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from navab.text.batches import batches


@given(st.lists(st.integers(0, 30), max_size=40), st.integers(1, 20))
def test_batches_have_every_text_once_and_are_about_equally_long(lengths: list[int], size: int) -> None:
    slices = list(batches(lengths, size))
    assert [length for part in slices for length in lengths[part]] == lengths
    assert all(sum(lengths[part]) <= size + max(lengths) for part in slices)


def test_no_texts_no_batches() -> None:
    assert list(batches([], 10)) == []
