"""Polarity words: what the judge of contradictions knows of a language; the section `polarity` of its lexicon.

Words of a script with spaces are matched by their stems (Snowball), so that one entry stands for all its forms; an
entry that begins with `=` stands for that form alone. Phrases, and words of other scripts, are matched as written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, cached_property
from typing import Any, Literal, NamedTuple

import opencc
from pydantic import BaseModel, ConfigDict, Field

from navab.text.phrases import phrase_pattern

Kind = Literal[
    "content", "filler", "negator", "partial", "axis", "duty", "permission", "exemption", "limit", "pivot", "number"
]
_EXACT = "="
_BREAKS = re.compile(r"['’-]")
_NUMBER = r"\d{1,3}(?:[.,\u00a0\u202f ]\d{3})+(?!\d)|\d+(?:[.,]\d+)?"
_WORD, _CHARACTER = r"\w+", r"\w"


class Axis(BaseModel):
    """Words for and words against: one of each, and a sentence is turned round."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    positive: tuple[str, ...] = Field(alias="for", description="words for")
    negative: tuple[str, ...] = Field(alias="against", description="words against")
    implicit: bool = Field(False, description="words against also oppose a sentence without any word of the axis")


class Polarity(BaseModel):
    """What turns a statement round."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    stemmer: str | None = Field(None, description="Snowball algorithm; none: words are matched as written")
    endings: tuple[tuple[str, str], ...] = Field(
        (), description="regular expression of a whole word -> what is stemmed in its place, one after the other"
    )
    conversion: str | None = Field(None, description="OpenCC conversion of texts to the script of the lexicon")
    rewrites: tuple[tuple[str, str], ...] = Field((), description="regular expression -> what is read in its place")
    lemmas: Mapping[str, str] = Field(default_factory=dict, description="irregular form -> word")
    negators: tuple[str, ...] = Field((), description="what negates, wholly or nearly, beside the lexicon's negators")
    partial: tuple[str, ...] = Field((), description="words for a part of a whole (some)")
    not_all: tuple[str, ...] = Field((), description="words for a part only; they negate (only some)")
    negative_prefixes: tuple[str, ...] = Field((), description="beginnings that turn a word round (un-, in-)")
    duty: tuple[str, ...] = Field((), description="modals of what must or should be")
    permission: tuple[str, ...] = Field((), description="modals of what may be")
    exemption: tuple[str, ...] = Field((), description="phrases of what need not be; they negate")
    least: tuple[str, ...] = Field((), description="words for a lower bound of a quantity")
    most: tuple[str, ...] = Field((), description="words for an upper bound of a quantity")
    pivots: tuple[str, ...] = Field((), description="words between the two sides of a comparison")
    numbers: Mapping[str, str] = Field(default_factory=dict, description="number word -> digits")
    axes: tuple[Axis, ...] = Field((), description="opposites")
    synonyms: tuple[tuple[str, ...], ...] = Field((), description="words that are read as one")


class Meaning(NamedTuple):
    """What a word does: its kind, the name under which it is compared, and for an axis its side."""

    kind: Kind
    name: str
    sign: int = 1
    implicit: bool = False


class PolarityReader:
    """Reads texts by the polarity words of one lexicon."""

    def __init__(self, words: Polarity, negators: Sequence[str], fillers: Sequence[str], *, spaced: bool) -> None:
        self.words = words
        self._negators = (*words.negators, *negators)
        self._fillers = fillers
        self._spaced = spaced
        self._rewrites = [(re.compile(pattern), plain) for pattern, plain in words.rewrites]
        self._known: dict[str, Meaning] = {}

    def read(self, text: str) -> Iterator[Meaning]:
        """What a text's words mean, in reading order; fillers are left out."""
        text = (_converter(self.words.conversion).convert(text) if self.words.conversion else text).lower()
        for pattern, plain in self._rewrites:
            text = pattern.sub(plain, text)
        for match in self._pattern.finditer(self._plain(text)):
            meaning = self._meaning(match.group())
            if meaning.kind != "filler":
                yield meaning

    def _meaning(self, word: str) -> Meaning:
        """What a word or phrase means; remembered, because stemming costs more than all else."""
        known = self._known.get(word)
        if known is None:
            known = self._known[word] = self._written.get(word) or self._of_word(word)
        return known

    def _of_word(self, word: str) -> Meaning:
        if word[0].isdigit():
            return Meaning("number", _digits(word))
        stem = self._stem(word)
        return self._stems.get(stem) or self._turned(stem) or Meaning("content", stem)

    def _turned(self, stem: str) -> Meaning | None:
        """A word of an axis behind a prefix that turns it round."""
        for prefix in self.words.negative_prefixes:
            base = self._stems.get(stem.removeprefix(prefix)) if stem.startswith(prefix) else None
            if base and base.kind == "axis":
                return base._replace(sign=-base.sign)
        return None

    def _stem(self, word: str) -> str:
        if self.words.stemmer is None:
            return word
        if word in self.words.lemmas:
            word = self.words.lemmas[word]
        else:
            for pattern, plain in self.words.endings:
                word = re.sub(rf"^(?:{pattern})$", plain, word)
        stem: str = _stemmer(self.words.stemmer).stemWord(word)
        return stem

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        """Matches known phrases first, then any number or word (a character, in a script without spaces)."""
        phrases = [entry for entry in self._written if " " in entry or not self._spaced]
        rest = _WORD if self._spaced else _CHARACTER
        return re.compile(f"{phrase_pattern(phrases, self._spaced).pattern}|{_NUMBER}|{rest}")

    @cached_property
    def _written(self) -> dict[str, Meaning]:
        """Meanings by how they are written; the first list that names a word decides."""
        found: dict[str, Meaning] = {}
        for entry, meaning in self._entries():
            if entry.startswith(_EXACT) or " " in entry or self.words.stemmer is None:
                found.setdefault(entry.removeprefix(_EXACT), meaning)
        return found

    @cached_property
    def _stems(self) -> dict[str, Meaning]:
        found: dict[str, Meaning] = {}
        for entry, meaning in self._entries():
            if not entry.startswith(_EXACT) and " " not in entry:
                found.setdefault(self._stem(entry), meaning)
        return found

    def _entries(self) -> Iterator[tuple[str, Meaning]]:
        for entry, meaning in self._lists():
            yield self._plain(entry.lower()), meaning

    def _lists(self) -> Iterator[tuple[str, Meaning]]:
        words = self.words
        yield from ((word, Meaning("partial", "partial")) for word in words.partial)
        yield from ((word, Meaning("partial", "partial", -1)) for word in words.not_all)
        yield from ((word, Meaning("exemption", "exemption")) for word in words.exemption)
        yield from ((word, Meaning("negator", "negator")) for word in self._negators)
        yield from ((word, Meaning("pivot", "pivot")) for word in words.pivots)
        yield from ((word, Meaning("duty", "duty")) for word in words.duty)
        yield from ((word, Meaning("permission", "permission")) for word in words.permission)
        yield from ((word, Meaning("limit", "limit")) for word in words.least)
        yield from ((word, Meaning("limit", "limit", -1)) for word in words.most)
        yield from ((word, Meaning("number", digits)) for word, digits in words.numbers.items())
        for index, axis in enumerate(words.axes):
            yield from ((word, Meaning("axis", f"~{index}", 1, axis.implicit)) for word in axis.positive)
            yield from ((word, Meaning("axis", f"~{index}", -1, axis.implicit)) for word in axis.negative)
        for index, group in enumerate(words.synonyms):
            yield from ((word, Meaning("content", f"#{index}")) for word in group)
        yield from ((word, Meaning("filler", word)) for word in self._fillers)

    def _plain(self, text: str) -> str:
        """Elided and compound words fall apart where words are separated by spaces."""
        return _BREAKS.sub(" ", text) if self._spaced else text


def _digits(number: str) -> str:
    """A number without its thousands separators, with a decimal point."""
    return re.sub(r"[.,\u00a0\u202f ](?=\d{3}(?!\d))", "", number).replace(",", ".")


@cache
def _stemmer(algorithm: str) -> Any:
    import snowballstemmer  # noqa: PLC0415  (loads the stemmers of all languages)

    return snowballstemmer.stemmer(algorithm)


@cache
def _converter(how: str) -> opencc.OpenCC:
    return opencc.OpenCC(how)
