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
def _break_pattern(lexicon: Lexicon) -> re.Pattern[str]:
    """Match where a sentence may end, and the blanks behind: a line break, or end and closing marks (a group)."""
    ends = re.escape(lexicon.sentence_ends)
    closers = "".join(dict.fromkeys(right for _, right in lexicon.quotes))
    only_closers = "".join(mark for mark in closers if all(mark != left for left, _ in lexicon.quotes))
    behind = rf"[{ends}]*[{re.escape(closers)})\]]*"
    if lexicon.spaced:
        behind += rf"(?:[ \u00a0\u202f][{re.escape(only_closers)}])?" if only_closers else ""
    opener = r"(?=\s+[^a-zß-öø-ÿ\s])" if lexicon.spaced else ""
    # One set of characters comes first: `re` skips to the next of them without trying the rest.
    return re.compile(rf"[{ends}\n](?:(?<=\n)\s*|(?<!\n)({behind}){opener}[^\S\n]*)")


@cache
def _abbreviation_pattern(lexicon: Lexicon) -> re.Pattern[str]:
    """Match a full stop, up to the next word, that ends an abbreviation, an initial or an ordinal."""
    words = "|".join(map(re.escape, lexicon.abbreviations)) or "(?!)"
    nouns = "|".join(map(re.escape, lexicon.ordinal_nouns)) or "(?!)"
    return re.compile(rf"(?:^|[\s(\"“„«‘'-])(?:(?:{words}|[{UPPER}])\.$|\d{{1,2}}\.(?=\s+(?:{nouns})))")


@cache
def _abbreviated(lexicon: Lexicon) -> tuple[str, ...]:
    return tuple(f"{word}." for word in lexicon.abbreviations)


def find_quotes(text: str, lexicon: Lexicon) -> list[Span]:
    """Find quotations, marks included; a quotation does not cross a line break."""
    return [Span(*m.span()) for m in _quote_pattern(lexicon.quotes).finditer(text)]


def split_sentences(text: str, lexicon: Lexicon, quotes: list[Span] | None = None) -> list[Span]:
    """Split a text to sentences; `quotes` spares finding the quotations again."""
    inside = find_quotes(text, lexicon) if quotes is None else quotes
    spans: list[Span] = []
    start = since = quote = 0  # abbreviations are looked for from `since` on
    for match in _break_pattern(lexicon).finditer(text):
        (at, following), end = match.span(), match.end(1)
        if end < 0:  # a line break
            _append(spans, text, start, at)
            start = since = following
            continue
        while quote < len(inside) and inside[quote].end <= at:
            quote += 1
        if quote < len(inside) and inside[quote].start < at and end < inside[quote].end:
            continue
        if end - at == 1 and text[at] == "." and _goes_on(text, max(since, end - 24), end, lexicon):
            continue
        _append(spans, text, start, end)
        start, since = following, end
    _append(spans, text, start, len(text))
    return spans


def _goes_on(text: str, start: int, end: int, lexicon: Lexicon) -> bool:
    """Tell whether the full stop before `end` does not end its sentence."""
    before, reach = text[end - 2 : end - 1], end
    if before.isdigit():
        reach += _ORDINAL_REACH
    elif not before.isupper() and not text.endswith(_abbreviated(lexicon), start, end):
        return False
    return any(match.end() == end for match in _abbreviation_pattern(lexicon).finditer(text, start, reach))


def _append(spans: list[Span], text: str, start: int, end: int) -> None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        spans.append(Span(start, end))
