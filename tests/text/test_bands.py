"""Bands: a search for candidate pairs that misses next to nothing, and the groups that near pairs make."""

from __future__ import annotations

import random
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from navab.lake.hashing import Int64Array
from navab.text.bands import BandFilter, Banding, Forest, band_keys, join_near, shared_bands
from navab.text.minhash import COARSE, LENGTH, sign, similarity, sketch
from tests.versions import WORDS, versions

BANDING = Banding.for_threshold(0.7)


def groups(texts: list[str], threshold: float = 0.7, ngram: int = 5) -> list[int]:
    """The group of each text, none of them known."""
    return near(sign(texts, ngram), threshold)


def near(signatures: Int64Array, threshold: float, known: int = 0) -> list[int]:
    """The group of each signature; so many at the beginning are known."""
    rows, forest = np.arange(len(signatures)), Forest(np.arange(len(signatures)))
    bands = shared_bands(sketch(signatures), threshold, rows < known)
    join_near(bands, range(known, len(rows)), lambda a, b: similarity(signatures, a, b) >= threshold, forest)
    return [int(root) for root in forest.roots(rows)]


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


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from([1.0, 0.95, 0.85, 0.5, 0.0])), min_size=1, max_size=9))
def test_all_that_share_a_band_pass_the_filter(stories: list[tuple[int, float]]) -> None:
    others = sketch(sign([versions(share, seed)[1] for seed, share in stories], 5))
    texts = sketch(sign([versions(0.5, seed)[0] for seed in range(6)], 5))
    bands = zip(band_keys(texts, BANDING), band_keys(others, BANDING), strict=True)
    share = np.logical_or.reduce([np.isin(keys, of_others) for keys, of_others in bands])
    passed = BandFilter(others, 0.7)(texts)
    assert passed[share].all()


def test_few_that_share_no_band_pass_the_filter() -> None:
    sketches = np.random.default_rng(0).integers(0, 256, (12_000, COARSE), dtype=np.uint8)
    passed = BandFilter(sketches[:2_000], 0.7)
    assert passed(sketches[:2_000]).all()
    assert passed(sketches[2_000:]).mean() < 0.2
    assert not BandFilter(sketches[:0], 0.7)(sketches).any()


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
