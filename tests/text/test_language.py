"""Language identification, with the bundled fastText model."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from navab.errors import ConfigurationError
from navab.text.language import chinese_script, identify
from navab.text.normalise import clean_text

SENTENCES = {
    "en": "The minister said that the government would not accept the proposal and called for further talks.",
    "fr": "Le ministre a déclaré que le gouvernement n'accepterait pas la proposition et appelle au dialogue.",
    "de": "Der Minister erklärte, die Regierung werde den Vorschlag nicht annehmen und fordere weitere Gespräche.",
    "zh": "外交部发言人表示，中方坚决反对这一提案，呼吁各方继续对话，通过谈判解决分歧。",
    "ru": "Министр заявил, что правительство не примет это предложение, и призвал к продолжению переговоров.",
}


def test_languages_are_told_apart() -> None:
    found = identify(list(SENTENCES.values()))
    assert [language.code for language in found] == list(SENTENCES)
    assert all(0.5 < language.score <= 1 for language in found)


def test_a_text_is_judged_by_itself() -> None:
    together = identify(list(SENTENCES.values()))
    assert [identify([text])[0] for text in SENTENCES.values()] == together


def test_line_breaks_do_not_matter() -> None:
    text = SENTENCES["de"]
    assert identify([text.replace(" ", "\n")]) == identify([text])


def test_only_the_beginning_is_read() -> None:
    beginning = (SENTENCES["fr"] + " ") * 20
    assert identify([beginning + SENTENCES["en"] * 50]) == identify([beginning])


@given(st.lists(st.text(st.characters()).map(clean_text), max_size=3))
def test_any_clean_text_has_a_language(texts: list[str]) -> None:
    found = identify(texts)
    assert len(found) == len(texts)
    assert all(language.code and 0 <= language.score <= 1 for language in found)


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("这个国家的经济发展问题", "Hans"),
        ("這個國家的經濟發展問題", "Hant"),
        ("山水", "Hans"),
        ("繁體字引文：這個說法，简体正文：这个国家为什么应该发展经济", "Hans"),
    ],
)
def test_chinese_scripts(text: str, script: str) -> None:
    assert chinese_script(text) == script


def test_a_missing_model_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"language model nowhere\.bin does not exist: set language\.model"):
        identify(["text"], "nowhere.bin")


def test_a_file_that_is_no_model_is_named(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_text("no model")
    with pytest.raises(ConfigurationError, match=r"model\.bin is no fastText model"):
        identify(["text"], str(tmp_path / "model.bin"))
