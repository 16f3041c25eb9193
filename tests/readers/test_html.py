"""Pages: a lead that stands only above the article is found, and what a page repeats costs nothing."""

from __future__ import annotations

import pytest

from navab.readers import html
from navab.readers.html import extract_page
from navab.text.normalise import fold_text
from tests.readers.pages import SENTENCES

LEAD = "Ministers will meet again on Friday, after talks about pensions and schools ended without a result."


def page(descriptions: list[str], paragraphs: list[str], before: str = "") -> str:
    meta = "".join(f'<meta name="description" content="{one}">' for one in descriptions)
    article = "".join(f"<p>{one}</p>" for one in paragraphs)
    return f"<html><head><title>A title</title>{meta}</head><body>{before}<article>{article}</article></body></html>"


def lines(content: str) -> list[str]:
    found = extract_page(content)
    return found.text.split("\n") if found else []


@pytest.mark.parametrize(
    "descriptions", [[LEAD], [LEAD[:60]], ["What nobody finds anywhere on this page.", LEAD, LEAD]]
)
def test_a_lead_that_only_the_description_tells_is_put_first(descriptions: list[str]) -> None:
    above = f'<div class="teaser">{LEAD}</div>'
    assert lines(page(descriptions, SENTENCES["en"], above)) == [LEAD, *SENTENCES["en"]]


def test_a_lead_that_the_text_has_is_not_repeated() -> None:
    assert lines(page([LEAD], [LEAD, *SENTENCES["en"]])) == [LEAD, *SENTENCES["en"]]


def test_many_descriptions_do_not_multiply_the_reading_of_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    folded: list[str] = []

    def fold(text: str) -> str:
        folded.append(text)
        return fold_text(text)

    monkeypatch.setattr(html, "fold_text", fold)
    descriptions = [f"Description number {n} that stands nowhere else on the page" for n in range(200)]
    paragraphs = [f"Paragraph {n}. {SENTENCES['en'][n % 3]}" for n in range(200)]
    assert lines(page(descriptions, paragraphs)) == paragraphs
    assert len(folded) < 250  # each paragraph once, and a few descriptions
