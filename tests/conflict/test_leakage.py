"""Leakage groups: what hangs together is never split, and what was decided stays."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from navab.conflict.leakage import Assignment, Known, assign_groups, split_of

Links = dict[int, list[int]]
ARTICLE = 1000  # articles have ids from here on


@st.composite
def corpora(draw: st.DrawFn) -> Links:
    """Statements 1 to n, each of one of a few articles, some linked with each other."""
    size = draw(st.integers(1, 14))
    links: Links = {one: [ARTICLE + draw(st.integers(0, 9))] for one in range(1, size + 1)}
    pairs = st.tuples(st.integers(1, size), st.integers(1, size)).filter(lambda pair: pair[0] != pair[1])
    for left, right in draw(st.lists(pairs, max_size=8)):
        for one, other in ((left, right), (right, left)):
            links[one] += [other, links[other][0]]
    return links


def grow(links: Links, crawls: Sequence[Sequence[int]], test_share: float) -> dict[int, Assignment]:
    """Assign crawl after crawl, each knowing what was decided before and only its own links."""
    decided: dict[int, Assignment] = {}
    for crawl in crawls:
        present = {*decided, *crawl}
        visible = {one: [node for node in links[one] if node in present or node >= ARTICLE] for one in sorted(present)}
        known = {one: Known(had.group_id, had.split) for one, had in decided.items() if not had.bridge}
        bridges = {one for one, had in decided.items() if had.bridge}
        decided |= assign_groups(crawl, visible, known, bridges, test_share)
    return decided


def deal(links: Links, cuts: list[int]) -> list[list[int]]:
    crawls: list[list[int]] = [[], [], []]
    for one, cut in zip(links, cuts, strict=False):
        crawls[cut].append(one)
    return crawls


CUTS = st.lists(st.integers(0, 2), min_size=14, max_size=14)


@given(corpora(), CUTS)
def test_linked_statements_are_in_one_split_unless_they_are_bridges(links: Links, cuts: list[int]) -> None:
    decided = grow(links, deal(links, cuts), 0.5)
    kept = {one for one, had in decided.items() if not had.bridge}
    for one in kept:
        for other in kept & {*links[one]}:
            assert decided[one].split == decided[other].split
        for other in kept:
            if links[one][0] == links[other][0]:  # the same article
                assert decided[one].split == decided[other].split


@given(corpora(), CUTS)
def test_a_group_has_one_split(links: Links, cuts: list[int]) -> None:
    decided = grow(links, deal(links, cuts), 0.5)
    splits: dict[int, set[str]] = {}
    for had in decided.values():
        if not had.bridge:
            splits.setdefault(had.group_id, set()).add(had.split)
    assert all(len(found) == 1 for found in splits.values())


@given(corpora())
def test_of_one_crawl_nothing_is_a_bridge(links: Links) -> None:
    decided = grow(links, [list(links)], 0.5)
    assert not any(had.bridge for had in decided.values())
    for one, others in links.items():
        assert {decided[other].group_id for other in others if other < ARTICLE} <= {decided[one].group_id}


@given(corpora(), CUTS, st.randoms(use_true_random=False))
def test_the_order_of_statements_and_links_does_not_matter(
    links: Links, cuts: list[int], chance: random.Random
) -> None:
    crawls = deal(links, cuts)
    shuffled = {one: chance.sample(links[one], len(links[one])) for one in chance.sample(sorted(links), len(links))}
    others = [chance.sample(crawl, len(crawl)) for crawl in crawls]
    assert grow(links, crawls, 0.5) == grow(shuffled, others, 0.5)


@pytest.mark.parametrize("share", [0.0, 1.0])
@given(corpora(), CUTS)
def test_with_one_split_there_are_no_bridges(share: float, links: Links, cuts: list[int]) -> None:
    decided = grow(links, deal(links, cuts), share)
    assert {had.split for had in decided.values()} <= {"test" if share else "train"}
    assert not any(had.bridge for had in decided.values())


def test_a_later_statement_joins_the_split_of_its_article() -> None:
    known = {1: Known(1, "test")}
    (two,) = assign_groups([2], {1: [ARTICLE], 2: [ARTICLE]}, known, (), 0.0).values()
    assert two == Assignment(1, "test", False)


def test_a_statement_between_train_and_test_is_a_bridge() -> None:
    known = {1: Known(1, "train"), 2: Known(2, "test")}
    links = {1: [ARTICLE, 3], 2: [ARTICLE + 1, 3], 3: [ARTICLE + 2, 1, 2]}
    assert assign_groups([3], links, known, (), 0.5)[3].bridge


def test_a_bridge_does_not_carry_others_along() -> None:
    """4 repeats the bridge 3 only: 3 is left out, so 4 is free."""
    known = {1: Known(1, "train"), 2: Known(2, "test")}
    links = {1: [ARTICLE], 2: [ARTICLE + 1], 3: [ARTICLE + 2, 1, 2], 4: [ARTICLE + 3, 3]}
    assert not assign_groups([4], links, known, {3}, 0.5)[4].bridge
    both = assign_groups([3, 4], links, known, (), 0.5)
    assert (both[3].bridge, both[4].bridge) == (True, False)


def test_the_share_of_the_test_split() -> None:
    share = sum(split_of(group, 0.2) == "test" for group in range(10_000)) / 10_000
    assert share == pytest.approx(0.2, abs=0.02)


@given(st.integers(-(2**63), 2**63 - 1))
def test_a_greater_share_never_moves_a_group_out_of_test(group: int) -> None:
    splits = [split_of(group, share / 10) for share in range(11)]
    assert splits[0] == "train"
    assert splits[-1] == "test"
    assert splits == sorted(splits, reverse=True)
