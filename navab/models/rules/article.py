"""An article as the rules read it: sentences, quotations, and a copy of the text without what is quoted."""

from __future__ import annotations

import bisect
from dataclasses import dataclass

from navab.text.sentences import Span

_MASK = "#"


def _end(quote: Span) -> int:
    return quote.end


@dataclass(frozen=True, slots=True)
class Article:
    """An article's text with its sentences, quotations and a copy in which the quotations are masked."""

    text: str
    sentences: list[Span]
    quotes: list[Span]
    masked: str

    @classmethod
    def of(cls, text: str, sentences: list[Span], quotes: list[Span]) -> Article:
        parts, at = [], 0
        for start, end in quotes:
            parts += [text[at : start + 1], _MASK * (end - start - 2)]
            at = end - 1
        return cls(text, sentences, quotes, "".join([*parts, text[at:]]))

    def quotes_in(self, sentence: Span) -> list[Span]:
        """The quotations that lie inside a sentence."""
        first = bisect.bisect_left(self.quotes, (sentence.start, 0))
        return self.quotes[first : bisect.bisect_right(self.quotes, sentence.end, first, key=_end)]
