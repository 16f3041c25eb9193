"""Text normalisation: safe for quotes where text is kept, thorough where only equality counts."""

from __future__ import annotations

import re
import unicodedata

_BLANKS = re.compile(r"[^\S\n]+")
_BREAKS = re.compile(r"\s*\n\s*")
_NOT_WORD = re.compile(r"[\W_]+")
# Vertical tab, form feed, separators and next line (\x85) are blanks.
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]")


def clean_text(text: str) -> str:
    """NFC, no control characters, single blanks, one line break between paragraphs."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    visible = _CONTROL.sub("", lines.encode("utf-8", "replace").decode("utf-8"))
    return _BREAKS.sub("\n", _BLANKS.sub(" ", unicodedata.normalize("NFC", visible))).strip()


def fold_text(text: str) -> str:
    """Letters and digits only, NFKC and casefolded: equal for texts that differ in form alone."""
    return _NOT_WORD.sub("", unicodedata.normalize("NFKC", text).casefold())
