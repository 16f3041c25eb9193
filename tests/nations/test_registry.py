"""The nation registry: the bundled nations, and which outlets speak for them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from navab.errors import ConfigurationError
from navab.nations.registry import Nation, OfficialSource, Registry

REGISTRY = Registry.bundled()


def test_the_papers_nations_are_bundled() -> None:
    assert {"cn", "us", "uk", "fr", "de"} <= set(REGISTRY.nations)
    assert REGISTRY.get("cn").languages == ("zh",)


@pytest.mark.parametrize("code", sorted(REGISTRY.nations))
def test_every_nation_can_be_worked_with(code: str) -> None:
    nation = REGISTRY.get(code)
    assert nation.code == code
    assert nation.official_sources
    for outlet in nation.official_sources:
        assert nation.is_official(outlet.name, None)
        for domain in outlet.domains:
            assert nation.is_official(None, f"https://www.{domain}/news/1")


def test_an_unknown_nation_names_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match="unknown nation 'xx': known nations are cn, de, fr, uk, us"):
        REGISTRY.get("xx")


@pytest.mark.parametrize(
    ("source", "url", "official"),
    [
        ("BBC", None, True),
        ("bbc news", None, True),
        ("BBC Sport Fans", None, False),
        (None, "https://bbc.co.uk/news", True),
        (None, "https://news.BBC.co.uk:443/world?id=1", True),
        (None, "https://a.b.c.gov.uk", True),
        (None, "www.bbc.co.uk/news/1", True),
        (None, "//bbc.com/news", True),
        (None, "https://notbbc.co.uk", False),
        (None, "https://bbc.co.uk.example.org", False),
        (None, "https://example.org/bbc.co.uk", False),
        (None, "https://bbc.co.uk@example.org/", False),
        (None, "http://[bbc.co.uk", False),
        (None, "http://", False),
        ("", "", False),
        (None, None, False),
        ("The Daily Blog", "https://www.bbc.co.uk/1", True),
    ],
)
def test_outlets_by_name_and_by_domain(source: str | None, url: str | None, official: bool) -> None:
    assert REGISTRY.get("uk").is_official(source, url) is official


def test_an_outlet_speaks_for_its_own_nation_only() -> None:
    assert not REGISTRY.get("us").is_official("BBC", "https://www.bbc.co.uk/1")


@given(st.text(), st.text() | st.text(":/[]@.bcouk#?", max_size=20))
def test_no_name_and_no_url_raises(source: str, url: str) -> None:
    assert isinstance(REGISTRY.get("uk").is_official(source, url), bool)


def test_a_nation_of_ones_own() -> None:
    outlet = OfficialSource(name="ANSA", domains=("ansa.it",))
    italy = Nation(code="it", name="Italy", languages=("it",), official_sources=(outlet,))
    registry = Registry({"it": italy})
    assert registry.get("it").is_official(None, "https://www.ansa.it/x")


def test_which_lexicon_reads_a_language() -> None:
    austria = Nation(code="at", name="Austria", languages=("de", "hr"), lexicons={"de": "de-at"})
    assert (austria.lexicon_of("de"), austria.lexicon_of("hr")) == ("de-at", "hr")


@pytest.mark.parametrize(
    "wrong", [{"code": "Italy"}, {"code": "IT"}, {"languages": []}, {"lexicons": ["it"]}, {"capital": "Rome"}]
)
def test_a_data_file_is_checked(wrong: dict[str, object]) -> None:
    right = {"code": "it", "name": "Italy", "languages": ["it"], "lexicons": {"it": "it"}}
    with pytest.raises(ValidationError):
        Nation.model_validate(right | wrong)
