"""Lexicons: every bundled one is valid, and a fifth language is data only."""

from __future__ import annotations

import re

import pytest
from pydantic import ValidationError

from navab.errors import ConfigurationError
from navab.text.lexicon import Lexicon, load_lexicon
from navab.text.phrases import alternation, phrase_pattern, start_pattern
from navab.text.stance_forms import split_gap

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


def test_start_pattern_finds_the_character_before_each_phrase() -> None:
    pattern = phrase_pattern(["must", "must not"], spaced=True)
    text = "We must, 𝐀must mustn't (must not) end-must\nmust"
    before = [match.start() for match in start_pattern(pattern).finditer(text)]
    assert before == [match.start() - 1 for match in pattern.finditer(text)]
    assert len(before) == 3


def test_alternation_of_any_case_prefers_the_longest() -> None:
    pattern = re.compile(alternation(["Straße", "straßen", "élu"], any_case=True))
    assert pattern.findall("STRAßEN Straße ÉLU") == ["STRAßEN", "Straße", "ÉLU"]


@pytest.mark.parametrize("code", LANGUAGES)
def test_no_statement_without_a_word_of_a_stance_form(code: str) -> None:
    lexicon = load_lexicon(code)
    assert all(lexicon.may_take_stance(f"“{head}” ...") for head in lexicon.stance_forms)
    assert not lexicon.spaced or not lexicon.may_take_stance("Xyz 3.5 -- ...")


@pytest.mark.parametrize("code", LANGUAGES)
def test_promising_places_are_those_of_the_pattern(code: str) -> None:
    lexicon = load_lexicon(code)
    text = "\n".join([*lexicon.stance_forms, *(f"x “{head}”, y" for head in lexicon.stance_forms)])
    assert lexicon.promising_places(text) == [match.start() for match in lexicon.promising_pattern.finditer(text)]


def test_no_phrases_match_nothing() -> None:
    assert phrase_pattern([], spaced=True).search("anything") is None
