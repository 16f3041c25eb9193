"""The nation registry: one data file a nation, read once and looked up by code, outlet name or domain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib import resources
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr
from tld import get_fld

from navab.errors import ConfigurationError
from navab.plain_yaml import parse_own
from navab.text.lexicon import Lexicon, load_lexicon, parse_lexicon


class OfficialSource(BaseModel):
    """An outlet that speaks for the state or is owned by it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    aliases: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()


class NationModels(BaseModel):
    """Models that a nation prefers to the configuration's; null takes the configuration's."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    embedder: str | None = None


class Nation(BaseModel):
    """What navab knows of a nation; see docs/adding-a-country.md."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str = Field(pattern=r"^[a-z]{2,3}$")
    name: str
    languages: tuple[str, ...] = Field(min_length=1)
    min_confidence: float = Field(0.5, ge=0, le=1)
    lexicons: Mapping[str, str] = Field(default_factory=dict)
    official_sources: tuple[OfficialSource, ...] = ()
    domains: tuple[str, ...] = ()
    date_order: Literal["ymd", "mdy", "dmy"] = "ymd"
    home_terms: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    home_titles: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    models: NationModels = NationModels()
    _own_lexicons: Mapping[str, str] = PrivateAttr(default_factory=dict)

    def with_lexicons(self, contents: Mapping[str, str]) -> Nation:
        """The same nation with the contents of lexicon files that do not come with navab, by their names.

        They travel with the nation to the workers, which need not see the files.
        """
        used = {self.lexicon_of(language) for language in self.languages}
        nation = self.model_copy()
        nation._own_lexicons = {code: content for code, content in sorted(contents.items()) if code in used}
        return nation

    @property
    def own_lexicons(self) -> Mapping[str, str]:
        """Contents of the lexicon files that do not come with navab, by their names."""
        return self._own_lexicons

    def lexicon_of(self, language: str) -> str:
        """The name of the lexicon that reads a language of this nation."""
        return self.lexicons.get(language, language)

    def lexicon(self, language: str) -> Lexicon:
        """The lexicon that reads a language of this nation; raises ConfigurationError if there is none."""
        code = self.lexicon_of(language)
        own = self._own_lexicons.get(code)
        return load_lexicon(code) if own is None else parse_lexicon(f"{code}.yaml", own)

    @cached_property
    def _official_names(self) -> frozenset[str]:
        return frozenset(name.casefold() for outlet in self.official_sources for name in (outlet.name, *outlet.aliases))

    def is_official(self, source: str | None, url: str | None) -> bool:
        """Tell whether an outlet, by its name or by the domain of its url, is an official source."""
        if source and source.casefold() in self._official_names:
            return True
        return self.official_outlet(url) is not None

    def official_outlet(self, url: str | None) -> str | None:
        """The name of the official source that a url belongs to, null if it belongs to none."""
        return next((self._official_domains[one] for one in _suffixes(url) if one in self._official_domains), None)

    @cached_property
    def _official_domains(self) -> dict[str, str]:
        return {domain: outlet.name for outlet in self.official_sources for domain in outlet.domains}


def outlet_of(url: str | None) -> str | None:
    """The registrable domain of a url ("bbc.co.uk"), by the public suffix list; null if it has none."""
    host = _host(url)
    return (get_fld(f"http://{host}", fail_silently=True) or host or None) if host else None


def _host(url: str | None) -> str:
    if not url:
        return ""
    try:
        return (urlsplit(url if "//" in url else f"//{url}").hostname or "").rstrip(".")
    except ValueError:  # such as http://[
        return ""


def _suffixes(url: str | None) -> Iterator[str]:
    """The host of a url and the domains above it, the longest first."""
    host = _host(url)
    while host:
        yield host
        host = host.partition(".")[2]


class Registry:
    """All nations by code."""

    def __init__(self, nations: Mapping[str, Nation]) -> None:
        self.nations = dict(nations)

    def nation_of(self, url: str | None) -> Nation | None:
        """The nation whose list has the longest domain that a url belongs to; null if none has one."""
        return next((self._by_domain[one] for one in _suffixes(url) if one in self._by_domain), None)

    @cached_property
    def _by_domain(self) -> dict[str, Nation]:
        found = {}
        for nation in self.nations.values():
            official = [domain for outlet in nation.official_sources for domain in outlet.domains]
            found.update(dict.fromkeys([*nation.domains, *official], nation))
        return found

    @classmethod
    def bundled(cls) -> Registry:
        """Read the data files that come with the package."""
        folder = resources.files("navab.nations") / "data"
        files = sorted((f for f in folder.iterdir() if f.name.endswith(".yaml")), key=lambda f: f.name)
        nations = [Nation.model_validate(parse_own(f.read_text("utf-8"))) for f in files]
        return cls({nation.code: nation for nation in nations})

    def get(self, code: str) -> Nation:
        """Look a nation up; raises ConfigurationError naming the known codes."""
        try:
            return self.nations[code]
        except KeyError:
            known = ", ".join(sorted(self.nations))
            raise ConfigurationError(f"unknown nation '{code}': known nations are {known}") from None

    def negates(self, code: str, language: str, text: str) -> bool:
        """Whether a text in a language of a nation holds a negation; False where no lexicon reads it."""
        try:
            lexicon = self.get(code).lexicon(language)
        except ConfigurationError:
            return False
        return lexicon.negates(text)
