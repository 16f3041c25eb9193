"""Language identification, with the bundled fastText model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from navab.errors import ConfigurationError
from navab.text.language import chinese_script, identify, identify_one, read_label
from navab.text.normalise import clean_text
from tests.fixtures.fasttext_files import SOFTMAX, SmallModel

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


def test_one_text_is_judged_as_in_a_batch() -> None:
    mixed = "\n".join([SENTENCES["fr"] * 3, SENTENCES["en"] * 3] * 3)
    for text in [*SENTENCES.values(), mixed, SWISS * 5, CANTONESE * 3, "short", ""]:
        (found,) = identify([text])
        assert identify_one(text) == replace(found, score=pytest.approx(found.score, abs=1e-5))


def test_texts_that_passages_decide_and_those_that_the_beginning_decides_keep_their_order() -> None:
    mixed = [SENTENCES[one] * 5 + "\n" + SENTENCES["zh"] * 8 for one in ("de", "fr")]
    texts = [mixed[0], SENTENCES["en"] * 3, "short", mixed[1], SENTENCES["zh"] * 3]
    found = identify(texts)
    assert [language.foreign > 0 for language in found] == [True, False, False, True, False]
    assert found == [identify([text])[0] for text in texts]


def test_a_model_of_another_kind_answers_through_the_library(tmp_path: Path) -> None:
    model = SmallModel(labels=[("eng_Latn", 3), ("zho_Hans", 2)], loss=SOFTMAX).write(tmp_path / "other.ftz")
    found = identify(list(SENTENCES.values()), str(model))
    assert {language.code for language in found} <= {"en", "zh"}


def test_line_breaks_do_not_matter() -> None:
    text = SENTENCES["de"]
    assert identify([text.replace(" ", "\n")]) == identify([text])


def test_of_a_mixed_text_the_beginning_decides_and_the_rest_is_told_as_foreign() -> None:
    beginning = (SENTENCES["fr"] + " ") * 20
    (alone,) = identify([beginning])
    (mixed,) = identify([beginning + SENTENCES["en"] * 50])
    assert (mixed.code, alone.code) == ("fr", "fr")
    assert alone.foreign == 0
    assert mixed.foreign > 0.5


@pytest.mark.parametrize(("first", "second"), [("en", "zh"), ("zh", "en"), ("fr", "en"), ("de", "fr"), ("en", "ru")])
@pytest.mark.parametrize("alternating", [False, True])
def test_half_of_a_text_in_another_language_is_told(first: str, second: str, alternating: bool) -> None:
    # A Chinese character says as much as three letters.
    paragraphs = [SENTENCES[one] * (3 if one == "zh" else 1) for one in (first, second)] * 8
    text = "\n".join(paragraphs if alternating else sorted(paragraphs, key=paragraphs.index))
    assert identify([text])[0].foreign > 0.3


@pytest.mark.parametrize("layout", ["efefe", "eefef", "efeef", "feeef", "effee", "eeeff", "ffeee", "feefe"])
def test_two_paragraphs_of_five_in_another_language_are_told_wherever_they_stand(layout: str) -> None:
    paragraphs = {"e": SENTENCES["en"] * 3, "f": SENTENCES["fr"] * 3}
    assert identify(["\n".join(paragraphs[one] for one in layout)])[0].foreign >= 0.4


def test_a_list_of_names_makes_no_other_language() -> None:
    names = "Hansen, Kowalski, Novak, Rossi, Garcia, Popescu, Ivanov, Tanaka, Nguyen, Okafor, Silva, Haddad. "
    (found,) = identify(["\n".join([SENTENCES["en"] * 2, names * 2, *[SENTENCES["en"] * 2] * 3])])
    assert (found.code, found.foreign) == ("en", 0.0)


@pytest.mark.parametrize("language", SENTENCES)
def test_a_quotation_in_another_language_makes_no_mixed_text(language: str) -> None:
    other = SENTENCES["fr" if language == "en" else "en"]
    text = "\n".join([SENTENCES[language]] * 5 + [other] + [SENTENCES[language]] * 5)
    assert identify([text])[0].foreign <= 0.3


CANTONESE = (
    "政府噚日話會喺下個月公布新嘅房屋政策，佢哋唔會加稅。市民就話啲樓價太高，好多人冇辦法買樓，希望官員聽到佢哋嘅聲音。"
)
SWISS = (
    "De Minister het gseit, dass d Regierig de Vorschlag nöd wett, und es git no meh Gspröch, wo nöd fertig gsi isch. "
)


def test_a_long_text_in_one_language_is_judged_by_all_of_it() -> None:
    # Names alone would not tell: half of the first 1,000 characters are such.
    names = "Hansen, Sorensen, Kowalski, Novak, Rossi, Garcia, Popescu, Ivanov. " * 8
    (found,) = identify([names + "\n" + "\n".join([SENTENCES["de"]] * 60)])
    assert (found.code, found.foreign) == ("de", 0.0)


def test_written_cantonese_and_swiss_german_are_no_chinese_and_german() -> None:
    cantonese, swiss = identify([CANTONESE * 3, SWISS * 5])
    assert (cantonese.code, swiss.code) == ("yue", "gsw")


def test_chinese_with_a_cantonese_quotation_is_chinese() -> None:
    assert identify([SENTENCES["zh"] * 2 + "他在會上不斷重複的一句是：「" + CANTONESE[:20] + "」。"])[0].code == "zh"


def test_chinese_without_kana_is_not_japanese() -> None:
    (headline,) = identify(["国内联播快讯"])
    (japanese,) = identify(["首相は国会で、この提案を受け入れないと述べた。"])
    assert headline.code != "ja"
    assert japanese.code == "ja"


@pytest.mark.parametrize(
    ("label", "language"),
    [
        ("__label__zh", ("zh", None)),
        ("__label__zho_Hans", ("zh", "Hans")),
        ("__label__zho_Hant", ("zh", "Hant")),
        ("__label__cmn_Hani", ("zh", None)),
        ("__label__yue_Hant", ("yue", None)),
        ("__label__eng_Latn", ("en", None)),
        ("__label__deu_Latn", ("de", None)),
        ("__label__arb_Arab", ("ar", None)),
        ("__label__als", ("gsw", None)),
        ("__label__als_Latn", ("sq", None)),
    ],
)
def test_labels_of_models(label: str, language: tuple[str, str | None]) -> None:
    """lid.176 has codes of Wikipedias, GlotLID those of ISO 639-3 with a script."""
    assert read_label(label) == language


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
