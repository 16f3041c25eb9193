"""Parts of texts in any language, cut where sentences end: overlapping windows, and what surrounds a passage."""

from __future__ import annotations

import re

from navab.text.sentences import Span

_LONGEST_END = 8

# Of any language: an end mark with closing quotes and a blank, a full-width end mark, a line break.
_END = re.compile(r"[.!?…][\"'”’»)\]]*\s+|[。！？][”’」』）]*|\n+")


def windows(text: str, size: int, overlap: int, limit: int) -> list[Span]:
    """Cut a text into at most `limit` windows of at most `size` characters, as parts of it.

    A window ends where a sentence does if one ends in its second half, else anywhere; the next one begins with a
    sentence at most `overlap` characters before that. What lies beyond the last window is left out.
    """
    found: list[Span] = []
    start = 0
    while start < len(text) and len(found) < limit:
        end = len(text) if len(text) - start <= size else _last_end(text, start + size // 2, start + size)
        found.append(Span(start, end))
        if end == len(text):
            break
        start = max(start + 1, _first_beginning(text, end - overlap, end))
    return found


def _last_end(text: str, first: int, last: int) -> int:
    """The last place in a range where a sentence ends, else its end."""
    return max((match.end() for match in _END.finditer(text, first, last)), default=last)


def _first_beginning(text: str, first: int, last: int) -> int:
    """The first place in a range where a sentence begins, else its end."""
    ends = (match.end() for match in _END.finditer(text, max(0, first - _LONGEST_END), last))
    return next((end for end in ends if end >= first), last)


def with_neighbours(place: Span, text: str) -> Span:
    """A passage with the rest of its sentences, the sentence before and the one behind, within its line."""
    line = Span(text.rfind("\n", 0, place.start) + 1, text.find("\n", place.end))
    last = line.end if line.end >= 0 else len(text)
    ends = [match.end() for match in _END.finditer(text, line.start, last)]
    before = [line.start, line.start, *(end for end in ends if end <= place.start)]
    behind = [*(end for end in ends if end >= place.end), last, last]
    return Span(before[-2], behind[1])
