"""Sources whose address holds a date: `s3://crawls/{date}/*.warc.gz` means every crawl that has arrived.

A date is a year and a month, perhaps with day and hour, written with or without hyphens: 2026-11, 20261125,
2026-11-25, 2026-11-25T06. It becomes the name of the crawl, so that what arrives later joins what is there.
"""

from __future__ import annotations

import re
from functools import cache

DATE = "{date}"
DEFAULT_CRAWL = "default"
_DATE = r"\d{4}-?(?:0[1-9]|1[0-2])(?:-?(?:0[1-9]|[12]\d|3[01])(?:[T-]?(?:[01]\d|2[0-3])(?:\d{4})?)?)?"


def is_dated(address: str) -> bool:
    """Whether an address stands for one crawl a date."""
    return DATE in address


def as_glob(address: str) -> str:
    """The address as a glob that matches at least all its dates."""
    return address.replace(DATE, "*")


def date_of(path: str, pattern: str) -> str | None:
    """The date for which a path matches a dated pattern, which may be a glob besides; None if it does not."""
    found = _pattern(pattern).fullmatch(path)
    return found["date"] if found else None


def crawl_of(crawl: str, date: str) -> str:
    """The name of a date's crawl: the date where it stands in the configured name, or by itself if none was given."""
    return date if crawl == DEFAULT_CRAWL else crawl.replace(DATE, date)


@cache
def _pattern(pattern: str) -> re.Pattern[str]:
    """A dated pattern as a regular expression; the same date everywhere if it is asked for more than once."""
    parts = [_glob(part) for part in pattern.split(DATE)]
    return re.compile(f"{parts[0]}(?P<date>{_DATE}){'(?P=date)'.join(parts[1:])}")


def _glob(text: str) -> str:
    """A glob as a regular expression: `*` and `?` within one folder, `**` across folders, `[...]` as it is."""
    found = []
    for piece in re.split(r"(\*\*/?|\*|\?|\[[^\]]+\])", text):
        if piece.startswith("**"):
            found.append("(?:.*/)?" if piece.endswith("/") else ".*")
        elif piece in ("*", "?"):
            found.append("[^/]*" if piece == "*" else "[^/]")
        elif piece.startswith("[") and piece.endswith("]"):
            found.append(piece.replace("[!", "[^", 1))
        else:
            found.append(re.escape(piece))
    return "".join(found)
