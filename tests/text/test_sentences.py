"""Sentences: offsets into the text, quotations kept whole, abbreviations respected."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from navab.text.lexicon import load_lexicon
from navab.text.sentences import find_quotes, split_sentences


def sentences(text: str, language: str) -> list[str]:
    return [span.of(text) for span in split_sentences(text, load_lexicon(language))]


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "The bill passed. Nobody objected!", ["The bill passed.", "Nobody objected!"]),
        ("en", "Mr. Hale met Dr. Ruiz at 5 p.m. They agreed.", ["Mr. Hale met Dr. Ruiz at 5 p.m. They agreed."]),
        ("en", "J. Hale spoke. All left.", ["J. Hale spoke.", "All left."]),
        (
            "en",
            "“We must act. Now is the time,” she said. He left.",
            ["“We must act. Now is the time,” she said.", "He left."],
        ),
        ("de", "Am 3. Mai tagte der Rat. Er stimmte zu.", ["Am 3. Mai tagte der Rat.", "Er stimmte zu."]),
        ("de", "Es gilt z.B. Artikel 5. Das genügt.", ["Es gilt z.B. Artikel 5.", "Das genügt."]),
        (
            "fr",
            "M. Roux refuse. « Il faut agir. Vite ! », dit-il.",
            ["M. Roux refuse.", "« Il faut agir. Vite ! », dit-il."],
        ),
        (
            "zh",
            "会议结束了。他说：“我们要合作。要对话。”大家同意。",
            ["会议结束了。", "他说：“我们要合作。要对话。”", "大家同意。"],
        ),
        ("en", "A headline\n\nThe first paragraph.", ["A headline", "The first paragraph."]),
    ],
)
def test_sentences(language: str, text: str, expected: list[str]) -> None:
    assert sentences(text, language) == expected


def test_quotations_with_the_same_mark_on_both_sides() -> None:
    text = 'He said "we must act" and then "we must wait".'
    assert [q.of(text) for q in find_quotes(text, load_lexicon("en"))] == ['"we must act"', '"we must wait"']


def test_a_quotation_that_reopens_with_each_paragraph_stays_one() -> None:
    text = '"Schools need money. "Teachers need respect," she said.'
    assert [q.of(text) for q in find_quotes(text, load_lexicon("en"))] == [
        '"Schools need money. "Teachers need respect,"'
    ]


@pytest.mark.parametrize("language", ["de", "en", "fr", "zh"])
@given(text=st.text(alphabet=st.sampled_from('aB. !?。？“”"«»„\n了Mr1'), max_size=80))
def test_spans_are_ordered_and_lose_only_space(language: str, text: str) -> None:
    spans = split_sentences(text, load_lexicon(language))
    assert all(a.end <= b.start for a, b in pairwise(spans))
    kept = "".join(span.of(text) for span in spans)
    assert "".join(kept.split()) == "".join(text.split())
