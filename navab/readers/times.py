"""Publication times as people write them, to UTC.

An order of day and month that only a country can know (03/05/2024) is that of the article's nation; a time without a
zone counts as UTC; a bare year or month begins on its first day. Relative times ("yesterday") are none: they would
depend on when the file is read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Any, Literal

from babel import Locale, UnknownLocaleError
from dateutil import parser as date_parser

DateOrder = Literal["ymd", "mdy", "dmy"]

# Hours from UTC of the zones that news name by letters; all others count as UTC, and so does CST, which is American
# or Chinese.
_ZONES = {
    "EST": -5, "EDT": -4, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
    "BST": 1, "CET": 1, "CEST": 2, "MEZ": 1, "MESZ": 2,
}  # fmt: skip
_EPOCH_DIGITS = {9: 1, 10: 1, 13: 1_000, 16: 1_000_000, 19: 1_000_000_000}  # seconds, milli-, micro-, nanoseconds
_EPOCH = re.compile(r"(\d{9,19})(?:\.\d+)?")
_YEAR_FIRST = re.compile(r"\d{4}(?!\d)")
_EAST_ASIAN = re.compile(r"(\d{4})\s*年\s*(\d{1,2})\s*月\s*(?:(\d{1,2})\s*[日号號])?(.*)", re.DOTALL)
_EAST_ASIAN_CLOCK = re.compile(r"(\d{1,2})\s*[时時点點]\s*(?:(\d{1,2})\s*分?)?\s*(?:(\d{1,2})\s*秒)?")
_WORD = re.compile(r"[^\W\d_]+\.?")
_CLOCK = re.compile(r"\b(\d{1,2})\s*h\s*(\d{2})?\b")
_FIRST = re.compile(r"(?<=\b1)er\b")
_MONTH_NAMES = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
                "november", "december")  # fmt: skip
_FILLERS = ("à", "um", "uhr", "le", "den")  # words around a time
_CACHED = 1 << 14


@lru_cache(_CACHED)
def parse_time(value: str | None, order: DateOrder = "mdy", languages: tuple[str, ...] = ("en",)) -> datetime | None:
    """Parse a publication time to UTC; None if it is none. `languages` are those of its month names."""
    text = (value or "").strip()
    if not text:
        return None
    return _epoch(text) or _parse(_east_asian(text), order) or _parse(_translated(text, languages), order)


def _epoch(text: str) -> datetime | None:
    found = _EPOCH.fullmatch(text)
    if found is None or len(found[1]) not in _EPOCH_DIGITS:
        return None
    return datetime.fromtimestamp(int(found[1]) / _EPOCH_DIGITS[len(found[1])], UTC)


def _east_asian(text: str) -> str:
    found = _EAST_ASIAN.match(text)
    if found is None:
        return text
    year, month, day, rest = found.groups()
    clock = _EAST_ASIAN_CLOCK.search(rest)
    tail = f"{clock[1]}:{clock[2] or '00'}:{clock[3] or '00'}" if clock else rest
    return f"{year}-{int(month):02}-{int(day or 1):02} {tail}"


def _parse(text: str, order: DateOrder) -> datetime | None:
    default = datetime(1, 1, 1)
    day_first = order == "dmy" and _YEAR_FIRST.match(text) is None
    try:
        parsed: Any = date_parser.parse(text, default=default, tzinfos=_time_zone, dayfirst=day_first)
    except (ValueError, OverflowError, TypeError):
        return None
    if parsed.year < 1000:
        return None
    aware = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    try:
        return aware.astimezone(UTC)  # type: ignore[no-any-return]
    except (ValueError, OverflowError):
        return None


def _translated(text: str, languages: Sequence[str]) -> str:
    """The text with English month names and without weekdays and words around the time."""
    words = _words(tuple(languages))
    plain = _CLOCK.sub(lambda clock: f"{clock[1]}:{clock[2] or '00'}", _FIRST.sub("", text))
    return _WORD.sub(lambda word: words.get(word[0].rstrip(".").casefold(), word[0]), plain)


@lru_cache
def _words(languages: tuple[str, ...]) -> dict[str, str]:
    """Month names and abbreviations to English ones, weekdays and fillers to nothing."""
    words = dict.fromkeys(_FILLERS, "")
    for language in languages:
        try:
            locale = Locale.parse(language)
        except (ValueError, UnknownLocaleError):
            continue
        for width in ("wide", "abbreviated"):
            words |= {name.rstrip(".").casefold(): "" for name in locale.days["format"][width].values()}
        for width in ("abbreviated", "wide"):
            months = locale.months["format"][width]
            words |= {name.rstrip(".").casefold(): _MONTH_NAMES[number - 1] for number, name in months.items()}
    return words


def _time_zone(name: str | None, offset: int | None) -> tzinfo:
    if offset is not None:
        return timezone(timedelta(seconds=offset))
    return timezone(timedelta(hours=_ZONES.get(name or "", 0)))
