"""Sentence splitting by a lexicon: offsets into the text as it is, quotations kept whole."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from navab.text.lexicon import UPPER, Lexicon

_ORDINAL_REACH = 16


class Span(NamedTuple):
    """A half-open range of characters."""

    start: int
    end: int

    def of(self, text: str) -> str:
        """Return the characters of the span."""
        return text[self.start : self.end]


@cache
def _quote_pattern(pairs: tuple[tuple[str, str], ...]) -> re.Pattern[str]:
    """Match a quotation inside one line, the marks included."""
    return re.compile("|".join(_quoted(re.escape(left), re.escape(right)) for left, right in pairs))


def _quoted(left: str, right: str) -> str:
    """Match one quotation; where one mark serves both ends, the space beside it tells opening from closing."""
    if left != right:
        return rf"{left}[^{left}{right}\n]{{2,1500}}{right}"
    return rf"{left}(?=\S)(?:[^{left}\n]|(?<=\s){left}(?=\S)){{2,1500}}(?<=\S){left}"


@cache
def _break_pattern(ends: str, closers: str, only_closers: str, spaced: bool) -> re.Pattern[str]:
    """Match where a sentence may end: end marks with closing marks, a space before these included, or a line break."""
    mark = rf"[{re.escape(ends)}]+[{re.escape(closers)})\]]*"
    mark += rf"(?:[ \u00a0\u202f][{re.escape(only_closers)}])?" if spaced and only_closers else ""
    opener = r"(?=\s+[^a-zß-öø-ÿ\s])" if spaced else ""
    return re.compile(rf"{mark}{opener}|\n\s*")


@cache
def _abbreviation_pattern(abbreviations: tuple[str, ...], ordinals: tuple[str, ...]) -> re.Pattern[str]:
    """Match a full stop, up to the next word, that ends an abbreviation, an initial or an ordinal."""
    words = "|".join(re.escape(word) for word in abbreviations) or "(?!)"
    nouns = "|".join(map(re.escape, ordinals)) or "(?!)"
    return re.compile(rf"(?:^|[\s(\"“„«‘'-])(?:(?:{words}|[{UPPER}])\.$|\d{{1,2}}\.(?=\s+(?:{nouns})))")


def find_quotes(text: str, lexicon: Lexicon) -> list[Span]:
    """Find quotations, marks included; a quotation does not cross a line break."""
    return [Span(*m.span()) for m in _quote_pattern(lexicon.quotes).finditer(text)]


def split_sentences(text: str, lexicon: Lexicon, quotes: list[Span] | None = None) -> list[Span]:
    """Split a text to sentences; `quotes` spares finding the quotations again."""
    inside = find_quotes(text, lexicon) if quotes is None else quotes
    closers = "".join(dict.fromkeys(right for _, right in lexicon.quotes))
    only_closers = "".join(mark for mark in closers if all(mark != left for left, _ in lexicon.quotes))
    abbreviation = _abbreviation_pattern(lexicon.abbreviations, lexicon.ordinal_nouns)
    spans: list[Span] = []
    start = quote = 0
    for match in _break_pattern(lexicon.sentence_ends, closers, only_closers, lexicon.spaced).finditer(text):
        while quote < len(inside) and inside[quote].end <= match.start():
            quote += 1
        if quote < len(inside) and inside[quote].start < match.start() and match.end() < inside[quote].end:
            continue
        if match.group() == "." and _goes_on(text, max(start, match.end() - 24), match.end(), abbreviation):
            continue
        _append(spans, text, start, match.end())
        start = match.end()
    _append(spans, text, start, len(text))
    return spans


def _goes_on(text: str, start: int, end: int, abbreviation: re.Pattern[str]) -> bool:
    """Tell whether the full stop before `end` does not end its sentence."""
    reach = end + _ORDINAL_REACH if text[end - 2 : end - 1].isdigit() else end
    return any(match.end() == end for match in abbreviation.finditer(text, start, reach))


def _append(spans: list[Span], text: str, start: int, end: int) -> None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        spans.append(Span(start, end))
