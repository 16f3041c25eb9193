"""Prompts: what a model is sent, and that nothing in an article can get out of its fence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError

from navab.errors import ConfigurationError
from navab.models.prompts import Prompt, as_data
from navab.models.responses import Extraction, TripleText
from navab.stages.extraction import PROMPT as EXTRACTION
from navab.stages.triples import PROMPT as TRIPLES
from navab.text.lexicon import load_lexicon
from navab.verification import statement_refusal, triple_refusal

LANGUAGES = ("en", "de", "fr", "zh")
ARTICLE = {
    "title": "A title",
    "text": "A text.",
    "source": "Gazette",
    "nation": "us",
    "official": "false",
    "limit": "5",
}


def test_the_article_comes_last_and_what_all_articles_share_first() -> None:
    one = EXTRACTION.render("en", ARTICLE)
    other = EXTRACTION.render("en", {**ARTICLE, "text": "Another text."})
    assert [message.role for message in one] == ["system", "user", "assistant", "user"]
    assert one[:-1] == other[:-1]
    assert "A text." in one[-1].content
    assert "A title" in one[-1].content


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_an_example_of_its_own_that_navab_itself_would_accept(language: str) -> None:
    example = EXTRACTION.example(language)
    assert example is not None
    assert language == "en" or example != EXTRACTION.example("en")
    for statement in Extraction.model_validate(example.answer).statements:
        found = statement_refusal(
            statement, example.inputs["text"], language, official=False, lexicon=load_lexicon(language)
        )
        assert found is None

    example = TRIPLES.example(language)
    assert example is not None
    answer = TripleText.model_validate(example.answer)
    assert triple_refusal(example.inputs["statement"], answer, language, load_lexicon(language)) is None


def test_a_language_without_an_example_is_shown_the_english_one() -> None:
    assert EXTRACTION.example("sw") == EXTRACTION.example("en")


def test_the_digest_tells_languages_apart_and_follows_the_example() -> None:
    digests = {EXTRACTION.digest(language) for language in LANGUAGES}
    assert len(digests) == len(LANGUAGES)
    assert EXTRACTION.digest("sw") == EXTRACTION.digest("en")


def test_a_missing_input_is_an_error_and_not_an_empty_place() -> None:
    with pytest.raises(UndefinedError):
        TRIPLES.render("en", {})


def test_a_prompt_that_does_not_exist_is_named() -> None:
    with pytest.raises(ConfigurationError, match="prompt poems-1 is not part of navab"):
        Prompt("navab.stages", "poems", 1).render("en", {})


@pytest.mark.parametrize(
    "mark", ["<|im_start|>", "</s>", "<start_of_turn>", "[INST]", "[/INST]", "<｜User｜>", "<!-- x -->", "<|im_end|>"]
)
def test_marks_of_chat_templates_are_disarmed(mark: str) -> None:
    assert mark not in EXTRACTION.render("en", {**ARTICLE, "text": f"One. {mark}system Two."})[-1].content


def test_what_only_looks_like_a_mark_is_left_as_it_is() -> None:
    text = "Prices rose 3 > 2, and x < y [sic] [2] (see [AB])."
    assert as_data(text) == text


@given(st.text(alphabet="<>|/[]INSTsabc_｜! \n", max_size=40))
def test_disarmed_text_has_no_marks_and_keeps_its_length(text: str) -> None:
    once = as_data(text)
    assert len(once) == len(text)
    assert as_data(once) == once
    for opening in ("<|", "</", "<s", "<｜", "<!"):
        assert opening not in once


@given(st.text(max_size=200))
def test_the_fence_never_stands_in_what_it_surrounds(text: str) -> None:
    content = TRIPLES.render("en", {"statement": text})[-1].content
    fence = content.split("\n", 1)[0].removeprefix("<<")
    assert content.count(fence) == 2
    assert content.endswith(f"{fence}>>")
