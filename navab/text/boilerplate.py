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
    pattern = _pattern()
    lines = text.split("\n")
    out = {place for place, line in enumerate(lines) if len(line) <= _LONGEST and pattern.fullmatch(line.lower())}
    if not out or len(out) == len(lines):
        return text, None
    kept = "\n".join(line for place, line in enumerate(lines) if place not in out)
    return kept, "\n".join(lines[place] for place in sorted(out))


@cache
def _pattern() -> re.Pattern[str]:
    document = yaml.safe_load((resources.files("navab.text") / "boilerplate.yaml").read_text("utf-8"))
    lines, credits_ = ("|".join(f"(?:{line})" for line in document[kind]) for kind in ("lines", "credits"))
    reporting = "".join(document["reporting"].split())
    return re.compile(f"{lines}|(?!.*(?:{reporting}))(?:{credits_})")
