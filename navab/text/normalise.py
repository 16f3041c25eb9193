"""Text normalisation: safe for quotes where text is kept, thorough where only equality counts."""

from __future__ import annotations

import re
import sys
import unicodedata
from functools import cache

import numpy as np
import numpy.typing as npt

_UTF_32, _LENIENT = "utf-32-le", "surrogatepass"
_LAST_LETTER = 0x40000  # planes beyond hold no letters
_SHARP_S = "ß"
_NOTHING, _NOT_ALONE = 0, 0xFFFF_FFFF  # of what a character folds to
_HANGUL_VOWELS, _HANGUL_FINALS = range(0x1161, 0x1176), range(0x11A8, 0x11C3)  # joined by rule, not by decomposition
# A point or comma between digits, unless it groups thousands.
_DECIMAL = re.compile(r"(?<=[0-9])[.,](?=[0-9])(?![0-9]{3}(?![0-9]))")
_POINT = "."
# Vertical tab, form feed, separators and next line (\x85) are blanks.
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]")


def clean_text(text: str) -> str:
    """NFC, no control characters, single blanks, one line break between paragraphs."""
    if text.isascii() and text.isprintable():  # most addresses, dates and ids
        return " ".join(text.split())
    return "\n".join(clean_lines(text))


def clean_lines(text: str) -> list[str]:
    """The lines of a text as `clean_text` has them."""
    composed = text if text.isascii() else unicodedata.normalize("NFC", text)
    lines = composed.split("\n")
    if all(map(str.isprintable, lines)):  # no control characters, no blanks but spaces and line breaks
        clean = str.strip if "  " not in composed else _single_blanks
    else:
        lines = composed.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        clean = _clean_line
    return list(filter(None, map(clean, lines)))


def _single_blanks(line: str) -> str:
    return " ".join(line.split())


def _clean_line(line: str) -> str:
    if line.isprintable():  # its only blanks are spaces
        return line.strip() if "  " not in line else _single_blanks(line)
    visible = _CONTROL.sub("", line.encode("utf-8", "replace").decode("utf-8"))
    return _single_blanks(unicodedata.normalize("NFC", visible))


def fold_text(text: str) -> str:
    """Letters and digits only, NFKC and casefolded: equal for texts that differ in form alone.

    Nearly every text is folded character by character, by a table; one with characters that may combine is not.
    """
    simple = text if _SHARP_S not in text else text.replace(_SHARP_S, "ss")
    codes = _folded()[np.frombuffer(simple.encode(_UTF_32, _LENIENT), dtype=np.uint32)]
    if codes.max(initial=_NOTHING) == _NOT_ALONE:
        return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).casefold()))
    folded: bytes = codes[codes != _NOTHING].tobytes()
    return folded.decode(_UTF_32, _LENIENT)


def fold_statement(text: str) -> str:
    """As `fold_text`, but 3.5 and 35 differ: decimal points stay, whatever they look like; 1,000 is 1000."""
    return _POINT.join(fold_text(part) for part in _DECIMAL.split(text))


@cache
def _folded() -> npt.NDArray[np.uint32]:
    """For each code point the letter or digit that it folds to, _NOTHING if there is none, or _NOT_ALONE."""
    joining = _joining()
    table = np.full(sys.maxunicode + 1, _NOTHING, dtype=np.uint32)
    table[:_LAST_LETTER] = [_fold(chr(code), joining) for code in range(_LAST_LETTER)]
    return table


def _fold(character: str, joining: frozenset[str]) -> int:
    """What a character folds to; _NOT_ALONE if that is several, or depends on the characters beside it."""
    composed = unicodedata.normalize("NFKC", character)
    if composed == character and character not in joining and character.casefold() == character:
        return ord(character) if character.isalnum() else _NOTHING
    if not joining.isdisjoint(composed):
        return _NOT_ALONE
    kept = [ord(one) for one in composed.casefold() if one.isalnum()]
    return _NOT_ALONE if len(kept) > 1 else kept[0] if kept else _NOTHING


def _joining() -> frozenset[str]:
    """Characters that normalisation may join to an earlier one, or move: combining marks, and parts of Hangul."""
    joining = {*map(chr, _HANGUL_VOWELS), *map(chr, _HANGUL_FINALS)}
    for character in map(chr, range(_LAST_LETTER)):
        if unicodedata.combining(character):
            joining.add(character)
        parts = unicodedata.decomposition(character).split()
        if len(parts) == 2 and not parts[0].startswith("<"):  # canonical, of two
            joining.add(chr(int(parts[1], 16)))
    return frozenset(joining)
