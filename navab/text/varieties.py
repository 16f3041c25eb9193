"""Signs that settle what a language model confuses: `languages.yaml`, read once."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import cache, cached_property
from importlib import resources

from pydantic import BaseModel, ConfigDict, Field

from navab.plain_yaml import parse_own

_DEVIATIONS = 1.96  # 95 % confidence
_WORD = re.compile(r"\w+")


class Need(BaseModel):
    """Characters without which a language is not written."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    found: str
    characters: str
    least: float = Field(ge=0, le=1)
    otherwise: str

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(self.characters)

    def met(self, text: str) -> bool:
        return len(self._pattern.findall(text)) > self.least * len(text)


class Variety(BaseModel):
    """A variety that is taken for a larger language, and the words in which they differ."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    found: str
    really: str
    least: float = Field(ge=0, le=1)
    own: frozenset[str] = Field(min_length=1)
    standard: frozenset[str] = Field(min_length=1)

    def found_in(self, text: str) -> bool:
        """Whether the share of own words is beyond doubt at least `least` (lower bound of Wilson's interval).

        Single characters, as of Chinese, count wherever they stand, other words as words.
        """
        own = self._occurrences(self.own, text)
        return own > 0 and _lower_bound(own, own + self._occurrences(self.standard, text)) >= self.least

    def _occurrences(self, words: frozenset[str], text: str) -> int:
        if self._of_characters:
            return sum(map(text.count, words))
        return sum(map(words.__contains__, _WORD.findall(text.casefold())))

    @cached_property
    def _of_characters(self) -> bool:
        return all(len(word) == 1 for word in self.own | self.standard)


class Varieties(BaseModel):
    """All that is known of confusions."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    needs: tuple[Need, ...]
    varieties: tuple[Variety, ...]
    labels: Mapping[str, str]

    @staticmethod
    @cache
    def bundled() -> Varieties:
        """The declarations that come with the package."""
        content = (resources.files("navab.text") / "languages.yaml").read_text("utf-8")
        return Varieties.model_validate(parse_own(content))

    def writable(self, code: str, text: str) -> str:
        """The language found, or the other one if the text lacks the characters that it needs."""
        for need in self._needs_of.get(code, ()):
            if not need.met(text):
                return need.otherwise
        return code

    def settle(self, code: str, text: str) -> str:
        """The variety that a text is in, if its words say so, else the language found."""
        for variety in self._varieties_of.get(code, ()):
            if variety.found_in(text):
                return variety.really
        return code

    @cached_property
    def _needs_of(self) -> dict[str, list[Need]]:
        return {one.found: [need for need in self.needs if need.found == one.found] for one in self.needs}

    @cached_property
    def _varieties_of(self) -> dict[str, list[Variety]]:
        return {one.found: [other for other in self.varieties if other.found == one.found] for one in self.varieties}


def _lower_bound(successes: int, trials: int) -> float:
    share, square = successes / trials, _DEVIATIONS**2
    spread = _DEVIATIONS * math.sqrt(share * (1 - share) / trials + square / (4 * trials**2))
    return (share + square / (2 * trials) - spread) / (1 + square / trials)
