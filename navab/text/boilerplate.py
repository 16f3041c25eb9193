"""Lines that an outlet puts around its articles, told by patterns in `boilerplate.yaml`.

Patterns and not counts over an outlet's articles: what is taken out of a text must not depend on which other articles
were read with it, or a later crawl would change texts that statements quote.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from importlib import resources

import regex

from navab.plain_yaml import parse_own

_LONGEST = 240
_HEAD = 3  # characters of a line; of most lines it is clear from so many that no pattern begins like them
_HEADS = 1 << 16


def split_boilerplate(lines: Sequence[str]) -> tuple[str, str | None]:
    """Part the lines of a text into what is kept and what is taken out (null if nothing); a text of such lines alone
    is kept.
    """
    out = {
        place
        for place, line in enumerate(lines)
        if len(line) <= _LONGEST and _may_begin(line[:_HEAD]) and _is_boilerplate(line.lower())
    }
    if not out or len(out) == len(lines):
        return "\n".join(lines), None
    kept = "\n".join(line for place, line in enumerate(lines) if place not in out)
    return kept, "\n".join(lines[place] for place in sorted(out))


def _is_boilerplate(line: str) -> bool:
    pattern, reporting = _patterns()
    found = pattern.fullmatch(line)
    return found is not None and (found["credit"] is None or reporting.search(line) is None)


@lru_cache(_HEADS)
def _may_begin(head: str) -> bool:
    """Whether a line that begins so may match. Three Chinese characters are new each time, so one is asked before."""
    if len(head) > 1 and not _may_begin(head[:1]):
        return False
    return _partial().fullmatch(head.lower(), partial=True) is not None


@cache
def _partial() -> regex.Pattern[str]:
    pattern, _ = _patterns()
    return regex.compile(pattern.pattern)


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Of whole lines, group `credit` for those that count only without reported speech, and of reported speech."""
    document = parse_own((resources.files("navab.text") / "boilerplate.yaml").read_text("utf-8"))
    lines, credit = ("|".join(f"(?:{line})" for line in document[kind]) for kind in ("lines", "credits"))
    return re.compile(f"{lines}|(?P<credit>{credit})"), re.compile("".join(document["reporting"].split()))
