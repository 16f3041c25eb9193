"""MinHash: an estimate of Jaccard similarity, and a search for candidate pairs that misses next to nothing."""

from __future__ import annotations

import random
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from navab.lake.hashing import Int64Array
from navab.text.minhash import (
    LENGTH,
    Banding,
    Forest,
    band_keys,
    join_near,
    shared_bands,
    sign,
    similarity,
    sketch,
)

_LETTERS = random.Random(0)
WORDS = ["".join(_LETTERS.choices("abcdefghijklmnopqrstuvwxyz", k=7)) for _ in range(4000)]


def jaccard(left: str, right: str, ngram: int) -> float:
    grams = [{text[at : at + ngram] for at in range(len(text) - ngram + 1)} for text in (left, right)]
    return len(grams[0] & grams[1]) / len(grams[0] | grams[1])


def versions(share: float, seed: int) -> tuple[str, str]:
    """Two texts of 400 words; the second repeats a share of the first."""
    chance = random.Random(seed)
    left = chance.sample(WORDS, 400)
    kept = round(share * 400)
    return "".join(left), "".join(left[:kept] + chance.sample(WORDS, 400 - kept))


def first_bin(word: int) -> int | None:
    """Of the sixteen bins in a value of a signature the place and value of the first that is not empty."""
    bins = [word >> 4 * place & 15 for place in range(16)]
    return next((place << 4 | value for place, value in enumerate(bins) if value), None)


def groups(texts: list[str], threshold: float = 0.7, ngram: int = 5) -> list[int]:
    """The group of each text, none of them known."""
    return near(sign(texts, ngram), threshold)


def near(signatures: Int64Array, threshold: float, known: int = 0) -> list[int]:
    """The group of each signature; so many at the beginning are known."""
    rows, forest = np.arange(len(signatures)), Forest(np.arange(len(signatures)))
    bands = shared_bands(sketch(signatures), threshold, rows < known)
    join_near(bands, range(known, len(rows)), lambda a, b: similarity(signatures, a, b) >= threshold, forest)
    return [int(root) for root in forest.roots(rows)]


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


@pytest.mark.parametrize("threshold", [0.5, 0.6, 0.7, 0.8, 0.9])
def test_pairs_at_the_threshold_become_candidates(threshold: float) -> None:
    banding = Banding.for_threshold(threshold)
    assert 1 - (1 - threshold**banding.rows) ** banding.bands >= 0.99
    signatures = sign([text for seed in range(60) for text in versions(2 * threshold / (1 + threshold), seed)], 5)
    shared = np.zeros(60, dtype=np.bool_)
    for keys in band_keys(sketch(signatures), banding):
        shared |= keys[0::2] == keys[1::2]
    assert shared.sum() >= 58


def test_near_texts_are_grouped_and_strangers_are_not() -> None:
    texts = [text for seed in range(40) for text in versions(0.9, seed)]
    assert groups(texts) == [2 * (row // 2) for row in range(80)]
    assert groups([versions(0.0, seed)[1] for seed in range(60)]) == list(range(60))


def test_every_pair_of_a_band_is_compared_or_connected() -> None:
    """Rows that share a band with a first row that is like none of them are still compared with each other."""
    first, second, third = (sign([versions(0.0, seed)[0]], 5)[0] for seed in range(3))
    second[: LENGTH // 4] = first[: LENGTH // 4]  # some bands in common, and not near
    signatures = np.stack([first, second, third, second])
    assert near(signatures, 0.7) == [0, 1, 2, 1]


def test_large_bands_are_grouped_completely() -> None:
    """Of 900 texts with one beginning, which share many bands, each is with its two copies and no other."""
    chance = random.Random(5)
    head = "".join(WORDS[:60])
    bodies = [head + "".join(chance.sample(WORDS, 60)) for _ in range(300)]
    assert groups(bodies * 3) == list(range(300)) * 3


def sharing(signatures: Int64Array, known: list[bool]) -> set[int]:
    """Rows that share a band."""
    bands = shared_bands(sketch(signatures), 0.7, np.array(known))
    return {int(row) for band in bands for row in band.rows}


def test_only_what_shares_a_band_with_another_text_is_compared() -> None:
    texts = [text for seed in range(20) for text in versions(0.9, seed)]
    strangers = [versions(0.0, seed)[1] for seed in range(20)]
    shares = sharing(sign([*texts, *strangers], 5), [False] * 60)
    assert len(shares & set(range(40))) >= 38
    assert len(shares) < 60


@pytest.mark.parametrize(("known", "shares"), [([True, True], set()), ([True, False], {0, 1}), ([False] * 2, {0, 1})])
def test_two_known_rows_share_no_band(known: list[bool], shares: set[int]) -> None:
    assert sharing(sign(["one and the same text"] * 2, 5), known) == shares


def test_known_rows_are_not_compared_with_each_other() -> None:
    signatures = sign([*versions(0.9, 1), versions(0.9, 1)[0]], 5)
    assert near(signatures[:2], 0.7, known=2) == [0, 1]
    assert near(signatures[:2], 0.7, known=1) == [0, 0]
    assert near(signatures, 0.7, known=2) == [0, 0, 0]


def test_of_a_shared_band_a_crawl_sees_itself_and_what_came_before() -> None:
    (band,) = shared_bands(np.zeros((5, LENGTH), dtype=np.uint8), 0.7, np.array([True, False, False, False, False]))[:1]
    assert band.joining(range(1, 3))[0].tolist() == [0, 1, 2]
    assert band.joining(range(3, 5))[0].tolist() == [0, 1, 2, 3, 4]
    assert band.joining(range(5, 6))[0].tolist() == []


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from([1.0, 0.95, 0.85, 0.5])), max_size=9), st.randoms())
def test_groups_do_not_depend_on_the_order(stories: list[tuple[int, float]], chance: random.Random) -> None:
    texts = [versions(share, seed)[1] for seed, share in stories]
    order = list(range(len(texts)))
    chance.shuffle(order)
    assert partition(groups(texts), range(len(texts))) == partition(groups([texts[at] for at in order]), order)


def partition(found: list[int], names: Iterable[int]) -> set[frozenset[int]]:
    """The groups as sets of names."""
    sets: dict[int, set[int]] = {}
    for group, name in zip(found, names, strict=True):
        sets.setdefault(group, set()).add(name)
    return {frozenset(one) for one in sets.values()}


def test_no_texts_no_groups() -> None:
    assert groups([]) == []
