"""Polarity words: what the judge of contradictions knows of a language, one data file a language.

Words of a spaced script are matched by their stems (Snowball), so that one entry stands for all its forms; an entry
that begins with `=` stands for that form alone. Phrases, and words of a script without spaces, are matched as written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Literal, NamedTuple

import opencc
import snowballstemmer
import xxhash
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from navab.errors import ConfigurationError
from navab.text.phrases import phrase_pattern

Kind = Literal["filler", "negator", "partial", "axis", "duty", "permission", "exemption", "limit", "pivot", "number", "content"]
_EXACT = "="
_BREAKS = re.compile(r"['’-]")
_NUMBER = r"\d{1,3}(?:[.,\u00a0\u202f ]\d{3})+(?!\d)|\d+(?:[.,]\d+)?"
_WORD, _CHARACTER = r"\w+", r"\w"


class Meaning(NamedTuple):
    """What a word does: its kind, the name under which it is compared, and for an axis its side."""

    kind: Kind
    name: str
    sign: int = 1
    implicit: bool = False


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Axis(_Data):
    """Words for and words against: one of each, and a sentence is turned round."""

    positive: tuple[str, ...] = Field(alias="for")
    negative: tuple[str, ...] = Field(alias="against")
    implicit: bool = Field(
        False, description="a word against also opposes a sentence without any word of the axis, as a negation does"
    )


class PolarityWords(_Data):
    """The polarity vocabulary of a language."""

    language: str
    stemmer: str | None = Field(None, description="Snowball algorithm; none for a script without spaces")
    endings: tuple[str, ...] = Field((), description="regular expressions whose group is a word's stem, one by one")
    conversion: str | None = Field(None, description="OpenCC conversion of all texts to the script of this file")
    rewrites: tuple[tuple[str, str], ...] = Field((), description="regular expression -> what is read in its place")
    lemmas: Mapping[str, str] = Field(default_factory=dict, description="irregular form -> word")
    fillers: tuple[str, ...] = Field(description="words without content for comparing statements")
    negators: tuple[str, ...] = Field(description="words and phrases that negate, wholly or nearly")
    partial: tuple[str, ...] = Field((), description="words for a part of a whole (some)")
    not_all: tuple[str, ...] = Field((), description="words for a part only; they negate (only some)")
    negative_prefixes: tuple[str, ...] = Field((), description="beginnings that turn a word round (un-, in-)")
    duty: tuple[str, ...] = Field(description="modals of what must or should be")
    permission: tuple[str, ...] = Field(description="modals of what may be")
    exemption: tuple[str, ...] = Field((), description="phrases of what need not be; they negate")
    least: tuple[str, ...] = Field((), description="words for a lower bound of a quantity")
    most: tuple[str, ...] = Field((), description="words for an upper bound of a quantity")
    pivots: tuple[str, ...] = Field((), description="words between the two sides of a comparison")
    numbers: Mapping[str, str] = Field(default_factory=dict, description="number word -> digits")
    axes: tuple[Axis, ...]
    synonyms: tuple[tuple[str, ...], ...] = Field((), description="words that are read as one")

    def convert(self, text: str) -> str:
        """The text in the script of this vocabulary, in small letters."""
        return (_converter(self.conversion).convert(text) if self.conversion else text).lower()

    def read(self, text: str) -> Iterator[Meaning]:
        """What a text's words mean for its polarity, in reading order; words without content are left out."""
        text = self.convert(text)
        for pattern, plain in self._rewrites:
            text = pattern.sub(plain, text)
        text = _BREAKS.sub(" ", text) if self.stemmer else text
        for match in self._pattern.finditer(text):
            meaning = self._meaning(match.group())
            if meaning.kind != "filler":
                yield meaning

    def _meaning(self, word: str) -> Meaning:
        """What a word or phrase means; remembered, because stemming costs more than all else."""
        known = self._seen.get(word)
        if known is None:
            known = self._seen[word] = self._written.get(word) or self._of_word(word)
        return known

    def _of_word(self, word: str) -> Meaning:
        if word[0].isdigit():
            return Meaning("number", _digits(word))
        stem = self._stem(word)
        return self._stems.get(stem) or Meaning("content", stem)

    def _stem(self, word: str) -> str:
        if not self.stemmer:
            return word
        if word in self.lemmas:
            word = self.lemmas[word]
        else:
            for pattern in self.endings:
                match = re.fullmatch(pattern, word)
                word = match.group(1) if match else word
        stem: str = _stemmer(self.stemmer).stemWord(word)
        return stem

    @cached_property
    def _seen(self) -> dict[str, Meaning]:
        return {}

    @cached_property
    def _rewrites(self) -> tuple[tuple[re.Pattern[str], str], ...]:
        return tuple((re.compile(pattern), plain) for pattern, plain in self.rewrites)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        """Matches known phrases first, then any number or word (a character, in a script without spaces)."""
        spaced = self.stemmer is not None
        phrases = [entry for entry in self._written if " " in entry or not spaced]
        return re.compile(f"{phrase_pattern(phrases, spaced).pattern}|{_NUMBER}|{_WORD if spaced else _CHARACTER}")

    @cached_property
    def _written(self) -> dict[str, Meaning]:
        """Meanings by how they are written; the first list that names a word decides."""
        found: dict[str, Meaning] = {}
        for entry, meaning in self._entries():
            if entry.startswith(_EXACT) or " " in entry or not self.stemmer:
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
        plain: tuple[tuple[Kind, tuple[str, ...]], ...] = (
            ("exemption", self.exemption),
            ("negator", self.negators),
            ("pivot", self.pivots),
            ("duty", self.duty),
            ("permission", self.permission),
        )
        for kind, words in plain:
            yield from ((self._entry(word), Meaning(kind, word)) for word in words)
        for sign, words in ((1, self.partial), (-1, self.not_all)):
            yield from ((self._entry(word), Meaning("partial", "partial", sign)) for word in words)
        for sign, words in ((1, self.least), (-1, self.most)):
            yield from ((self._entry(word), Meaning("limit", "limit", sign)) for word in words)
        yield from ((self._entry(word), Meaning("number", digits)) for word, digits in self.numbers.items())
        for index, axis in enumerate(self.axes):
            for sign, words in ((1, axis.positive), (-1, axis.negative)):
                yield from ((self._entry(word), Meaning("axis", f"~{index}", sign, axis.implicit)) for word in words)
        for index, group in enumerate(self.synonyms):
            yield from ((self._entry(word), Meaning("content", f"#{index}")) for word in group)
        yield from ((self._entry(word), Meaning("filler", word)) for word in self.fillers)

    def _entry(self, entry: str) -> str:
        return _BREAKS.sub(" ", entry.lower()) if self.stemmer else entry


def _digits(number: str) -> str:
    """A number without its thousands separators, with a decimal point."""
    plain = re.sub(r"[.,\u00a0\u202f ](?=\d{3}(?!\d))", "", number)
    return plain.replace(",", ".")


@cache
def _stemmer(algorithm: str) -> snowballstemmer.stemmer:
    return snowballstemmer.stemmer(algorithm)


@cache
def _converter(how: str) -> opencc.OpenCC:
    return opencc.OpenCC(how)


@cache
def load_polarity_words(code: str) -> PolarityWords:
    """Read the polarity vocabulary of a language once; raises ConfigurationError naming the known codes."""
    known = {file.name.removesuffix(".yaml"): file for file in _files()}
    if code not in known:
        raise ConfigurationError(f"no polarity words for language '{code}': known languages are {', '.join(known)}")
    try:
        return PolarityWords.model_validate(yaml.load(known[code].read_text("utf-8"), Loader=yaml.BaseLoader))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ConfigurationError(f"polarity/{code}.yaml, {where}: {first['msg']}") from None


@cache
def polarity_digest() -> str:
    """Identifies the vocabularies of all languages."""
    digest = xxhash.xxh3_64()
    for file in _files():
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _files() -> list[Traversable]:
    folder = resources.files("navab.text") / "polarity"
    return sorted((file for file in folder.iterdir() if file.name.endswith(".yaml")), key=lambda file: file.name)
