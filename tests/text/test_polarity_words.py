"""Polarity words: stems, exact forms, phrases, rewrites and numbers become meanings."""

from __future__ import annotations

import pytest

from navab.text.lexicon import load_lexicon
from navab.text.polarity_words import Axis, Polarity, PolarityReader

WORDS = Polarity(
    stemmer="english",
    rewrites=(("n't\\b", " not"),),
    lemmas={"forbade": "forbid"},
    negative_prefixes=("un",),
    duty=("must",),
    permission=("=may",),
    numbers={"two": "2"},
    axes=(Axis(positive=("allow",), negative=("forbid", "rule out")), Axis(positive=("fair",), negative=("=mean",))),
    synonyms=(("duty", "obligation"),),
)


def read(text: str) -> list[tuple[str, str, int]]:
    reader = PolarityReader(WORDS, ("not",), ("the",), spaced=True)
    return [(one.kind, one.name, one.sign) for one in reader.read(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("allowed", ("axis", "~0", 1)),
        ("Forbade", ("axis", "~0", -1)),
        ("rule out", ("axis", "~0", -1)),
        ("unfair", ("axis", "~1", -1)),
        ("mean", ("axis", "~1", -1)),
        ("means", ("content", "mean", 1)),
        ("obligations", ("content", "#0", 1)),
        ("two", ("number", "2", 1)),
        ("3,000", ("number", "3000", 1)),
        ("3,5", ("number", "3.5", 1)),
        ("may", ("permission", "permission", 1)),
    ],
)
def test_meaning(text: str, expected: tuple[str, str, int]) -> None:
    assert read(text) == [expected]


def test_fillers_are_left_out_and_rewrites_come_first() -> None:
    assert [kind for kind, _, _ in read("The state mustn't pay")] == ["content", "duty", "negator", "content"]


def test_characters_stand_for_words_where_there_are_no_spaces() -> None:
    reader = load_lexicon("zh").polarity_reader
    assert [one.name for one in reader.read("船員")] == [one.name for one in reader.read("船员")] == ["船", "员"]


@pytest.mark.parametrize("language", ["zh", "en", "fr", "de"])
def test_no_word_stands_on_both_sides_of_an_axis(language: str) -> None:
    for axis in load_lexicon(language).polarity.axes:
        assert not set(axis.positive) & set(axis.negative)
