"""Bag of words: finds what words give away, and nothing where they give nothing away."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from navab.evaluation.bag_of_words import bag_of_words, words
from tests.evaluation.made import triples


def test_a_negation_gives_the_reversal_away() -> None:
    outcomes = bag_of_words(triples(60, group_size=2))
    assert len(outcomes) == 60
    assert np.mean([outcome.correct for outcome in outcomes]) == 1


def test_chinese_is_told_apart_by_its_characters() -> None:
    made = [
        replace(one, statement=f"我们应当减税{one.triple_id}。", reversed_statement=f"我们不应当减税{one.triple_id}。")
        for one in triples(60)
    ]
    assert np.mean([outcome.correct for outcome in bag_of_words(made)]) == 1
    assert words("我们 should 减") == ["我", "们", "我们", "should", "减"]


def test_equal_words_are_ties() -> None:
    made = [replace(one, reversed_statement=one.statement) for one in triples(40)]
    assert {outcome.outcome for outcome in bag_of_words(made)} == {"tie"}


def test_words_of_the_own_group_are_not_learnt() -> None:
    """What only a group has in common is no help: then words know nothing."""
    made = [
        replace(one, statement=f"yes a{letter}x", reversed_statement=f"yes b{letter}x")
        for one in triples(80, group_size=4)
        for letter in [chr(97 + one.group_id)]
    ]
    assert {outcome.outcome for outcome in bag_of_words(made)} == {"tie"}


def test_too_few_groups_teach_nothing() -> None:
    assert bag_of_words(triples(60, group_size=20)) == []
