"""The page: complete in itself, and closed to whatever an article says."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import fields, replace
from html.parser import HTMLParser
from typing import Any

import pytest

from navab.report.data import Check, ReportData, TripleSample
from navab.report.page import (
    LONGEST_TEXT,
    MOST_TRIPLES,
    clip,
    duration,
    number,
    rate,
    render_report,
    web_address,
)

VOID = {"meta", "link", "input", "br", "img", "hr"}
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7*7 }}{% raw %}",
    "</style><script>alert(2)</script>",
    "' onmouseover='alert(3)",
)


class Page(HTMLParser):
    """Collects elements and checks that every one is closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(html)
        assert not self.open, self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, self.getpos()

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def find(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def poisoned(value: Any, poison: str) -> Any:
    """Put the poison into every string of the data, nested ones included; nation codes stay joined."""
    if isinstance(value, str):
        return value + poison
    if isinstance(value, tuple):
        return tuple(poisoned(inner, poison) for inner in value)
    if isinstance(value, dict):
        return {key + poison: poisoned(inner, poison) for key, inner in value.items()}
    if hasattr(value, "__dataclass_fields__"):
        changes = {field.name: poisoned(getattr(value, field.name), poison) for field in fields(value)}
        return replace(value, **changes)
    return value


def test_the_page_loads_nothing_from_elsewhere(data: ReportData) -> None:
    html = render_report(data)
    page = Page(html)
    assert not page.find("link") and not page.find("img") and not page.find("iframe")
    assert all("src" not in script for script in page.find("script"))
    assert "@import" not in html and "url(" not in html


def test_the_only_script_is_the_one_that_the_policy_names(data: ReportData) -> None:
    html = render_report(data)
    (script,) = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    (policy,) = [meta["content"] for meta in Page(html).find("meta") if "http-equiv" in meta]
    assert policy and f"script-src 'sha256-{digest}'" in policy and "default-src 'none'" in policy


@pytest.mark.parametrize("poison", HOSTILE)
def test_no_string_of_the_data_becomes_markup(data: ReportData, poison: str) -> None:
    clean, dirty = Page(render_report(data)), Page(render_report(poisoned(data, poison)))
    assert [name for name, _ in dirty.elements] == [name for name, _ in clean.elements]
    attributes = {name for _, found in clean.elements for name in found}
    assert {name for _, found in dirty.elements for name in found} <= attributes
    assert poison in "".join(dirty.text)


def test_template_syntax_in_an_article_is_text(data: ReportData) -> None:
    (triple,) = data.triples
    html = render_report(replace(data, triples=(replace(triple, question="{{ 7*7 }}"),)))
    assert "{{ 7*7 }}" in html
    assert ">49<" not in html


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        " javascript:alert(1)",
        "java\nscript:alert(1)",
        "JAVASCRIPT:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "file:///etc/passwd",
        "//example.org/x",
        "https://",
        "http://[::1",
        "",
        None,
    ],
)
def test_only_web_addresses_become_links(data: ReportData, url: str | None) -> None:
    (triple,) = data.triples
    page = Page(render_report(replace(data, triples=(replace(triple, url=url),))))
    assert [a for a in page.find("a") if not (a["href"] or "").startswith("#")] == []
    assert web_address(url) is None


def test_web_addresses_are_links_without_a_referrer(data: ReportData) -> None:
    links = [a for a in Page(render_report(data)).find("a") if not (a["href"] or "").startswith("#")]
    assert [link["href"] for link in links] == ["https://example.org/1?a=1&b=2"]
    assert links[0]["rel"] == "noopener noreferrer nofollow"


def test_text_of_articles_names_its_language(data: ReportData) -> None:
    html = render_report(data)
    for text in ("是否应当减税？", "不应减税。", "经济", "某人"):
        assert re.search(f'lang="zh">{text}', html), text


def test_long_lists_are_cut_and_the_rest_is_counted(data: ReportData) -> None:
    (triple,) = data.triples
    many = replace(data, triples=(triple,) * 500, triples_total=12345)
    html = render_report(many)
    assert html.count('class="card triple"') == MOST_TRIPLES
    assert f"{MOST_TRIPLES} of 12\u202f345 triples are shown" in html


def test_long_texts_are_cut(data: ReportData) -> None:
    (triple,) = data.triples
    html = render_report(replace(data, triples=(replace(triple, evidence="口" * 100_000),)))
    assert html.count("口") == LONGEST_TEXT - 1


def test_violated_conservation_is_shown_first(data: ReportData) -> None:
    check = Check(name="triples", nation="cn", equation="x = y", left=280, right=279, holds=False)
    html = render_report(replace(data, checks=(*data.checks, check)))
    assert html.index("Conservation is violated") < html.index("From articles to triples")
    assert "1 of 2" in html
    assert "violated" not in render_report(data)


def test_warnings_are_shown(data: ReportData) -> None:
    assert "engine: rules (baseline)" in render_report(data)


def test_an_empty_report_is_a_page(data: ReportData) -> None:
    empty = ReportData(title="Nothing", lake="x", navab_version="0", made_at=data.made_at)
    assert "There are no triples yet." in "".join(Page(render_report(empty)).text)


def test_a_missing_speaker_is_said_and_an_outlets_voice_named(data: ReportData) -> None:
    (triple,) = data.triples
    official = replace(triple, source_type="official", speaker=None)
    html = render_report(replace(data, triples=(replace(triple, speaker=None), official)))
    assert "speaker not named" in html
    assert "the outlet’s own voice" in html


def test_equal_data_give_equal_pages(data: ReportData) -> None:
    assert render_report(data) == render_report(data)


def test_numbers_are_written_for_people() -> None:
    assert number(1234567) == "1\u202f234\u202f567"
    assert [duration(s) for s in (4.04, 59.9, 75, 3725)] == [
        "4.0 s",
        "1 min 00 s",
        "1 min 15 s",
        "1 h 02 min",
    ]
    assert [rate(1000, 4), rate(10, 4), rate(5, 0)] == ["250", "2.5", "–"]
    assert clip("abcdef", 4) == "abc…"


def test_samples_need_no_optional_value() -> None:
    sample = TripleSample(
        nation="uk",
        language="en",
        question="Q",
        statement="S",
        reversed_statement="RS",
        evidence="E",
        source_type="quoted",
        split="train",
    )
    assert sample.url is None


def test_an_outlets_own_voice_is_named_on_both_sides_of_a_contradiction(data: ReportData) -> None:
    (conflict,) = data.conflicts
    quoted = replace(conflict, left=replace(conflict.left, speaker="某人"), right=replace(conflict.right, speaker="他"))
    own = replace(quoted, left=replace(quoted.left, speaker=None, source_type="official"))
    data = replace(data, triples=())
    assert "own voice ·" not in render_report(replace(data, conflicts=(quoted,)))
    assert render_report(replace(data, conflicts=(own,))).count("own voice ·") == 1


def test_all_records_are_counted_those_of_no_known_nation_too(data: ReportData) -> None:
    assert "<dt>records read</dt><dd>1\u202f013</dd>" in render_report(data)


def test_a_contradiction_says_who_disputes_what_decided_and_who_judged(data: ReportData) -> None:
    page = render_report(data)
    assert ">a dispute<" in page
    assert "What decided: 3 outlets to 1." in page
    assert "Judged a contradiction by polarity: one flip." in page
    assert "Judge polarity: 90 candidate pairs, 7 contradictions, 3 restatements, 20 left undecided." in page
