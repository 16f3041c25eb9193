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
# Vertical tab, form feed, separators and next line (\x85) are blanks.
# A point or comma between digits, unless it groups thousands.
_DECIMAL = re.compile(r"(?<=[0-9])[.,](?=[0-9])(?![0-9]{3}(?![0-9]))")
_POINT = "."
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]")


def clean_text(text: str) -> str:
    """NFC, no control characters, single blanks, one line break between paragraphs."""
    composed = text if text.isascii() else unicodedata.normalize("NFC", text)
    if composed.isprintable():  # one line and no control characters: most titles, addresses and dates
        return " ".join(composed.split())
    if composed.replace("\n", "").isprintable():  # its only blanks are spaces and line breaks
        clean = str.strip if "  " not in composed else _single_blanks
    else:
        composed = composed.replace("\r\n", "\n").replace("\r", "\n")
        clean = _clean_line
    return "\n".join(filter(None, map(clean, composed.split("\n"))))


def _single_blanks(line: str) -> str:
    return " ".join(line.split())


def _clean_line(line: str) -> str:
    if line.isprintable():  # its only blanks are spaces
        return line.strip() if "  " not in line else _single_blanks(line)
    visible = _CONTROL.sub("", line.encode("utf-8", "replace").decode("utf-8"))
    return _single_blanks(unicodedata.normalize("NFC", visible))


def fold_text(text: str) -> str:
    """Letters and digits only, NFKC and casefolded: equal for texts that differ in form alone."""
    codes = np.frombuffer(unicodedata.normalize("NFKC", text).casefold().encode(_UTF_32, _LENIENT), dtype=np.uint32)
    return codes[_alphanumeric()[codes]].tobytes().decode(_UTF_32, _LENIENT)


def fold_statement(text: str) -> str:
    """As `fold_text`, but 3.5 and 35 differ: decimal points stay, whatever they look like; 1,000 is 1000."""
    return _POINT.join(fold_text(part) for part in _DECIMAL.split(text))


@cache
def _alphanumeric() -> npt.NDArray[np.bool_]:
    """For each code point whether it is a letter or digit."""
    table = np.zeros(sys.maxunicode + 1, dtype=np.bool_)
    table[:_LAST_LETTER] = [chr(code).isalnum() for code in range(_LAST_LETTER)]
    return table
