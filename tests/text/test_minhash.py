"""MinHash: an estimate of Jaccard similarity, and a search for candidate pairs that misses next to nothing."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from navab.text.minhash import BANDS, PERMUTATIONS, candidate_pairs, minhash, similarity

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


@given(st.text(), st.integers(2, 10))
def test_a_signature_is_a_function_of_the_text(text: str, ngram: int) -> None:
    one = minhash(text, ngram)
    assert one.shape == (PERMUTATIONS,)
    assert one.dtype == np.int64
    assert (one >= 0).all()
    assert np.array_equal(one, minhash(text, ngram))


@given(st.text(min_size=8), st.integers(2, 4))
def test_a_repeated_text_has_almost_the_same_ngrams(text: str, ngram: int) -> None:
    """Signatures are of sets: nothing but the ngrams across the seam is new."""
    old, new = minhash(text, ngram), minhash(text + text, ngram)
    assert (new <= old).all()


@pytest.mark.parametrize("ngram", [3, 5, 8])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 0.9, 1.0])
def test_similarity_estimates_jaccard(share: float, ngram: int) -> None:
    left, right = versions(share, seed=1)
    estimate = similarity(minhash(left, ngram)[None], minhash(right, ngram)[None])[0]
    # Standard error is at most 0.044; the bound is three of them.
    assert estimate == pytest.approx(jaccard(left, right, ngram), abs=0.14)


def test_chinese_is_compared_by_characters() -> None:
    left = "国务院总理主持召开会议部署稳就业保障民生工作"
    near, far = left + "今天", "球队在主场以两球优势战胜对手取得联赛三连胜排名上升"
    signatures = np.stack([minhash(text, 2) for text in (left, near, far)])
    assert similarity(signatures[:1], signatures[1:2])[0] > 0.7
    assert similarity(signatures[:1], signatures[2:])[0] < 0.1


def test_pairs_above_the_threshold_become_candidates() -> None:
    found = 0
    for seed in range(40):
        left, right = versions(0.85, seed)
        found += len(candidate_pairs(np.stack([minhash(left, 5), minhash(right, 5)])))
    assert found == 40


def test_strangers_do_not_become_candidates() -> None:
    signatures = np.stack([minhash(versions(0.0, seed)[1], 5) for seed in range(60)])
    assert len(candidate_pairs(signatures)) == 0


@given(st.lists(st.lists(st.integers(0, 2), min_size=BANDS, max_size=BANDS), max_size=8))
def test_candidates_connect_exactly_what_agrees_in_a_band(rows: list[list[int]]) -> None:
    width = PERMUTATIONS // BANDS
    # Each drawn number fills one band.
    signatures = np.repeat(np.array(rows, dtype=np.int64).reshape(len(rows), BANDS), width, axis=1)
    agree = {
        (a, b) for b in range(len(rows)) for a in range(b) if any(x == y for x, y in zip(rows[a], rows[b], strict=True))
    }
    pairs = {(left, right) for left, right in candidate_pairs(signatures).tolist()}
    assert pairs <= agree
    assert _groups(pairs, len(rows)) == _groups(agree, len(rows))


def test_no_texts_no_pairs() -> None:
    assert candidate_pairs(np.empty((0, PERMUTATIONS), dtype=np.int64)).shape == (0, 2)


def _groups(pairs: set[tuple[int, int]], size: int) -> list[int]:
    label = list(range(size))
    for left, right in sorted(pairs) * size:
        label[left] = label[right] = min(label[left], label[right])
    return label
