"""Lexicons: every bundled one is valid, and a fifth language is data only."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from navab.errors import ConfigurationError
from navab.text.lexicon import Lexicon, load_lexicon, split_gap
from navab.text.phrases import phrase_pattern

LANGUAGES = ["de", "en", "fr", "zh"]


@pytest.mark.parametrize("code", LANGUAGES)
def test_bundled_lexicon_loads_once(code: str) -> None:
    assert load_lexicon(code).language == code
    assert load_lexicon(code) is load_lexicon(code)


def test_unknown_language_names_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match=r"'xx'.*de, en, fr, zh"):
        load_lexicon("xx")


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_reversal_differs_from_its_form(code: str) -> None:
    for group in load_lexicon(code).stances:
        for form, reversal in (*group.affirmative.items(), *group.negative.items()):
            assert form != reversal


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_form_belongs_to_one_side(code: str) -> None:
    for group in load_lexicon(code).stances:
        assert not set(group.affirmative) & set(group.negative), group.name


@pytest.mark.parametrize("code", LANGUAGES)
def test_question_templates_of_known_forms_only(code: str) -> None:
    for group in load_lexicon(code).stances:
        forms = {*group.affirmative, *group.affirmative.values(), *group.negative.values()}
        unused = set(group.ask) - forms
        assert len(unused) <= len(group.ask) // 2, (group.name, unused)


def test_unknown_fields_are_refused() -> None:
    data = load_lexicon("en").model_dump()
    with pytest.raises(ValidationError, match="adverbs"):
        Lexicon.model_validate({**data, "adverbs": ["quickly"]})


def test_traditional_script_is_derived() -> None:
    simplified = load_lexicon("zh")
    traditional = simplified.for_text("政府應當保護人權")
    assert traditional is not simplified
    assert "應當" in traditional.stance_forms
    assert simplified.for_text("政府应当保护人权") is simplified


def test_characters_of_both_scripts_pair_up() -> None:
    script = load_lexicon("zh").script
    assert script is not None
    assert len(script.base) == len(script.other)
    assert all(a != b for a, b in zip(script.base, script.other, strict=True))


@pytest.mark.parametrize(
    ("form", "parts"),
    [("should", ("should", "")), ("muss … nicht", ("muss", "nicht")), ("lehnt ~ ab", ("lehnt", "~ab"))],
)
def test_forms_split_at_their_gap(form: str, parts: tuple[str, str]) -> None:
    assert split_gap(form) == parts


def test_phrases_match_whole_words_and_the_longest_first() -> None:
    pattern = phrase_pattern(["must", "must not", "ought"], spaced=True)
    assert [m.group() for m in pattern.finditer("They must not do what mustard ought")] == ["must not", "ought"]


def test_no_phrases_match_nothing() -> None:
    assert phrase_pattern([], spaced=True).search("anything") is None
