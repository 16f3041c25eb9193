"""Normalisation: harmless where text is kept, thorough where only equality counts."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from navab.text.normalise import clean_text, fold_text

TEXT = st.text(st.characters())  # lone surrogates included


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("  a  b\t c ", "a b c"),
        ("one\r\ntwo\rthree\n\n\nfour", "one\ntwo\nthree\nfour"),
        ("a \n b", "a\nb"),
        ("page\x0cbreak\x0band\u00a0blank\u3000here", "page break and blank here"),
        ("nul\x00 bell\x07 c1\x9f", "nul bell c1"),
        ("e\u0301te\u0301", "été"),
        ("e\x00\u0301", "é"),
        ("„Zitat“ – «citation» “quote” 「引用」", "„Zitat“ – «citation» “quote” 「引用」"),
        ("ﬁne ½ Ａ", "ﬁne ½ Ａ"),
        ("lone \ud800 surrogate", "lone ? surrogate"),
        ("", ""),
    ],
)
def test_clean_text(text: str, clean: str) -> None:
    assert clean_text(text) == clean


@given(TEXT)
@example("e\x00\u0301")
@example("\x85\x1c\u2028")
def test_clean_text_is_clean(text: str) -> None:
    clean = clean_text(text)
    assert clean == clean_text(clean)
    assert clean == unicodedata.normalize("NFC", clean)
    assert clean == clean.strip()
    assert not any(unicodedata.category(mark) in ("Cc", "Cs") for mark in clean if mark != "\n")
    assert "  " not in clean
    assert "\n\n" not in clean
    clean.encode("utf-8")


def folded_by_definition(text: str) -> str:
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).casefold()))


@given(TEXT)
@example("ß\u0323")  # s with a dot below is a letter, sharp s with one is not
@example("e\u0301")
@example("\u1100\u1161\u11a8")  # parts of a Korean syllable
@example("ﬁne … ½ Ⅻ ™ 〇 ㍿ \ud800")
def test_folding_by_table_is_folding(text: str) -> None:
    assert fold_text(text) == folded_by_definition(text)


def test_every_character_folds_beside_others_as_they_do_together() -> None:
    for character in map(chr, range(0x40000)):
        text = f"o{character}a"
        assert fold_text(text) == folded_by_definition(text), ascii(character)


def test_composed_and_decomposed_characters_fold_alike() -> None:
    for character in map(chr, range(0x40000)):
        if unicodedata.decomposition(character):
            assert fold_text(unicodedata.normalize("NFKD", character)) == fold_text(character), ascii(character)


@given(TEXT)
def test_cleaning_keeps_letters_and_digits(text: str) -> None:
    assert fold_text(clean_text(text)) == fold_text(text)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("The Bill Passed!", "the bill  passed"),
        ("Straße", "STRASSE"),
        ("été", "e\u0301te\u0301"),
        ("ＡＢＣ１２３", "abc123"),
        ("“我们”，必须合作。", "我们必须合作"),
        ("snake_case", "snake-case"),
    ],
)
def test_texts_that_differ_in_form_alone_fold_alike(left: str, right: str) -> None:
    assert fold_text(left) == fold_text(right)


@pytest.mark.parametrize(("left", "right"), [("5 %", "6 %"), ("können", "konnen"), ("没有", "有"), ("not so", "so")])
def test_texts_that_differ_in_words_do_not(left: str, right: str) -> None:
    assert fold_text(left) != fold_text(right)


@given(TEXT, st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
def test_folding_undoes_unicode_forms(text: str, form: str) -> None:
    assert fold_text(unicodedata.normalize(form, text)) == fold_text(text)  # type: ignore[arg-type]
