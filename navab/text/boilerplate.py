"""Lines that an outlet puts around its articles, told by patterns in `boilerplate.yaml`.

Patterns and not counts over an outlet's articles: what is taken out of a text must not depend on which other articles
were read with it, or a later crawl would change texts that statements quote.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

import yaml

_LONGEST = 240


def split_boilerplate(text: str) -> tuple[str, str | None]:
    """Part a text into what is kept and the lines taken out (null if none); a text of such lines alone is kept."""
    lines = text.split("\n")
    out = {place for place, line in enumerate(lines) if len(line) <= _LONGEST and _is_boilerplate(line.lower())}
    if not out or len(out) == len(lines):
        return text, None
    kept = "\n".join(line for place, line in enumerate(lines) if place not in out)
    return kept, "\n".join(lines[place] for place in sorted(out))


def _is_boilerplate(line: str) -> bool:
    pattern, reporting = _patterns()
    found = pattern.fullmatch(line)
    return found is not None and (found["credit"] is None or reporting.search(line) is None)


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Of whole lines, group `credit` for those that count only without reported speech, and of reported speech."""
    document = yaml.safe_load((resources.files("navab.text") / "boilerplate.yaml").read_text("utf-8"))
    lines, credit = ("|".join(f"(?:{line})" for line in document[kind]) for kind in ("lines", "credits"))
    return re.compile(f"{lines}|(?P<credit>{credit})"), re.compile("".join(document["reporting"].split()))
