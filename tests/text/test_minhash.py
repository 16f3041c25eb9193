"""MinHash: estimates of Jaccard similarity, by signatures and by sketches of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from navab.text.bands import Banding, band_keys
from navab.text.minhash import LENGTH, pack, sign, similarity, sketch, sketch_similarity, unpack
from tests.versions import WORDS, versions


def jaccard(left: str, right: str, ngram: int) -> float:
    grams = [{text[at : at + ngram] for at in range(len(text) - ngram + 1)} for text in (left, right)]
    return len(grams[0] & grams[1]) / len(grams[0] | grams[1])


def first_bin(word: int) -> int | None:
    """Of the sixteen bins in a value of a signature the place and value of the first that is not empty."""
    bins = [word >> 4 * place & 15 for place in range(16)]
    return next((place << 4 | value for place, value in enumerate(bins) if value), None)


def alike(left: str, right: str, ngram: int) -> float:
    """Estimated similarity of two texts."""
    return float(similarity(sign([left, right], ngram), np.array([0]), np.array([1]))[0])


@given(st.lists(st.text(), max_size=5))
def test_bands_are_made_of_the_first_bin_of_sixteen_that_is_not_empty(texts: list[str]) -> None:
    signatures = sign([*texts, "".join(WORDS)], 5)
    for column, keys in zip(signatures.T.tolist(), band_keys(sketch(signatures), Banding(LENGTH, 1)), strict=True):
        expected = [first_bin(word) for word in column]
        assert all(key == first for key, first in zip(keys.tolist(), expected, strict=True) if first is not None)


@given(st.lists(st.text(), max_size=5), st.integers(2, 10))
def test_a_signature_is_a_function_of_its_own_text(texts: list[str], ngram: int) -> None:
    together = sign(texts, ngram)
    assert together.shape == (len(texts), LENGTH)
    assert together.dtype == np.int64
    for text, signature in zip(texts, together, strict=True):
        assert np.array_equal(sign([text], ngram)[0], signature)


@given(st.text(min_size=8), st.integers(2, 4))
def test_signatures_are_of_sets(text: str, ngram: int) -> None:
    """A repeated text has the same n-grams, but for those across the seams."""
    twice, thrice = sign([text * 2, text * 3], ngram)
    assert np.array_equal(twice, thrice)


def test_a_long_text_is_signed_piece_by_piece() -> None:
    """An article of a book's length has the same n-grams, in whatever pieces it is read."""
    text = "".join(WORDS)
    long, short = sign([text * 40, text * 2], 5)
    assert len(text * 40) > 1_000_000
    assert np.array_equal(long, short)


@pytest.mark.parametrize("ngram", [3, 5, 8])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 0.9, 1.0])
def test_similarity_estimates_jaccard(share: float, ngram: int) -> None:
    left, right = versions(share, seed=1)
    # Standard error is at most 0.008; the bound is three of them.
    assert alike(left, right, ngram) == pytest.approx(jaccard(left, right, ngram), abs=0.025)


@given(st.text(min_size=20), st.text(min_size=20))
def test_similarity_of_short_texts_is_almost_exact(left: str, right: str) -> None:
    assert alike(left, right, 3) == pytest.approx(jaccard(left, right, 3), abs=0.1)


def test_chinese_is_compared_by_characters() -> None:
    left = "国务院总理主持召开会议部署稳就业保障民生工作"
    close, far = left + "今天", "球队在主场以两球优势战胜对手取得联赛三连胜排名上升"
    assert alike(left, close, 2) > 0.7
    assert alike(left, far, 2) < 0.1


@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 0.9, 1.0])
def test_sketches_estimate_jaccard_too(share: float) -> None:
    pairs = [versions(share, seed) for seed in range(20)]
    sketches = sketch(sign([text for pair in pairs for text in pair], 5))
    shares, _ = sketch_similarity(sketches, np.arange(0, 40, 2), np.arange(1, 40, 2), 0.7)
    exact = [jaccard(left, right, 5) for left, right in pairs]
    assert shares == pytest.approx(np.array(exact), abs=0.13)
    assert shares.mean() == pytest.approx(np.mean(exact), abs=0.03)


def test_sketches_are_sure_of_long_texts_far_from_the_threshold() -> None:
    texts = [*versions(0.0, 1), *versions(0.82, 2), *versions(0.99, 3), *("".join(WORDS[:12]), "".join(WORDS[:12]))]
    shares, sure = sketch_similarity(sketch(sign(texts, 5)), np.arange(0, 8, 2), np.arange(1, 8, 2), 0.7)
    assert sure.tolist() == [True, False, True, False], "apart, at the threshold, together, short"
    assert shares[0] < 0.1
    assert shares[2] > 0.9


SPARSE = hnp.arrays(np.uint8, (3, 8 * LENGTH), elements=st.integers(1, 255), fill=st.sampled_from([0, 0, 7]))


@given(SPARSE)
def test_signatures_are_packed_and_unpacked(content: npt.NDArray[np.uint8]) -> None:
    signatures = content.view(np.int64)
    packed = pack(signatures)
    assert np.array_equal(unpack(packed), signatures)
    assert max(len(one) for one in packed) <= 8 * LENGTH


def test_a_packed_signature_takes_as_much_as_it_says() -> None:
    short, long, whole = pack(sign(["".join(WORDS[:count]) for count in (12, 120, 4000)], 5))
    assert len(short) < 8 * LENGTH // 5
    assert len(short) < len(long) < 8 * LENGTH
    assert len(whole) == 8 * LENGTH, "it has hardly an empty bin"


def test_no_signatures_are_packed_to_nothing() -> None:
    assert pack(np.empty((0, LENGTH), dtype=np.int64)) == []
    assert unpack([]).shape == (0, LENGTH)
