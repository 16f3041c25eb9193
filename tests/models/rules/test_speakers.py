"""Where a speaker is from, by the words around the name: the nation decides what is at home, the language does not."""

from __future__ import annotations

import pytest

from navab.models.rules.speakers import speaker_nation
from navab.nations.registry import Registry
from navab.text.sentences import Span


def judged(code: str, text: str, name: str) -> str:
    """What is said of the last mention of a name in an article of a nation."""
    nation = Registry.bundled().get(code)
    at = text.rindex(name)
    lexicon = nation.lexicon(nation.languages[0]).for_text(text)
    return speaker_nation(text, Span(at, at + len(name)), nation, lexicon)


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        ("us", "“Taxes must fall,” said Senator Ann Hale.", "home"),
        ("uk", "“Taxes must fall,” said Senator Ann Hale.", "unknown"),
        ("uk", "“Taxes must fall,” said Prime Minister Ann Hale.", "home"),
        ("us", "“Taxes must fall,” said Prime Minister Ann Hale.", "unknown"),
        ("uk", "“Taxes must fall,” said American Senator Ann Hale.", "foreign"),
    ],
)
def test_an_office_is_at_home_where_the_nation_has_it(code: str, text: str, expected: str) -> None:
    assert judged(code, text, "Ann Hale") == expected


def test_a_name_inside_another_word_tells_nothing() -> None:
    assert judged("us", "Goods from China are dear. “Taxes must fall,” said Ann Chin.", "Ann Chin") == "unknown"


def test_the_first_mention_by_the_last_name_tells_as_well() -> None:
    text = "The British minister Hale was here. The hall was full. “Taxes must fall,” said Ann Hale."
    assert judged("us", text, "Ann Hale") == "foreign"


@pytest.mark.parametrize(
    "text", ["中国外交部副部长李明表示，各国应当尊重主权。", "中國外交部副部長李明表示，各國應當尊重主權。"]
)
def test_both_scripts_of_a_language_know_what_is_at_home(text: str) -> None:
    assert judged("cn", text, "李明") == "home"
