"""Artefacts: what words, negation and length give away of made-up pairs."""

from __future__ import annotations

import pytest

from navab.alignment.artefacts import ALL, measure
from navab.alignment.pairs import flipped
from tests.alignment.made import frame, pair


def test_pairs_that_words_tell_apart_are_found_out() -> None:
    found = {one.nation: one for one in measure(frame([pair(at) for at in range(60)]))}
    assert found["uk"].words.mean == 1.0
    assert (found["uk"].polarity, found["uk"].length) == (1.0, 0.0)
    assert (found["uk"].pairs, found["uk"].groups) == (60, 60)


def test_nothing_is_found_in_pairs_whose_labels_are_flipped() -> None:
    turned = flipped(frame([pair(at, polarity=0, length=0) for at in range(400)]), 2)
    (found,) = (one for one in measure(turned) if one.nation == "uk")
    assert found.words.low < 0.5 < found.words.high
    assert (found.polarity, found.length) == (0.5, 0.5)


def test_nations_are_measured_by_themselves_and_together() -> None:
    pairs = frame([pair(at, nation="uk" if at % 2 else "cn") for at in range(60)])
    assert [(one.nation, one.pairs) for one in measure(pairs)] == [("cn", 30), ("uk", 30), (ALL, 60)]


def test_too_few_groups_say_nothing_of_words() -> None:
    (found, _) = measure(frame([pair(at, group_id=1) for at in range(60)]))
    assert found.words.count == 0
    assert found.polarity == pytest.approx(1.0)
    assert measure(frame([])) == []
