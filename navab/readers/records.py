"""What every reader yields: one record after the other, readable or not, with its number in the file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Any, Protocol

from dateutil import parser as date_parser

# Reasons for which a record is unreadable; these count against `tolerance`.
INVALID_JSON = "invalid_json"
NOT_AN_OBJECT = "not_an_object"
INVALID_ENCODING = "invalid_encoding"
MISSING_TEXT = "missing_text"
WRONG_TYPE = "wrong_type"
CORRUPT_FILE = "corrupt_file"

# Hours from UTC of the zones that news name by letters; all others count as UTC, and so does CST, which is American
# or Chinese.
_ZONES = {
    "EST": -5, "EDT": -4, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
    "BST": 1, "CET": 1, "CEST": 2, "MEZ": 1, "MESZ": 2,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class RawRecord:
    """A record as found: its fields, or the reason why there are none."""

    number: int
    fields: dict[str, Any] = field(default_factory=dict)
    unreadable: str | None = None


class Reader(Protocol):
    """Yields the records of one open file; damage ends as an unreadable record, never as an exception."""

    def __call__(self, file: Any, columns: tuple[str, ...]) -> Iterator[RawRecord]: ...


def text_field(fields: dict[str, Any], name: str) -> str | None:
    """A field as text: numbers are ids or dates written without quotes, anything else raises TypeError."""
    value = fields.get(name)
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{name} is a {type(value).__name__}")


def parse_time(value: str | None) -> datetime | None:
    """Parse a publication time to UTC; a bare year or month begins on its first day; None if unparseable."""
    if value is None or not value.strip():
        return None
    try:
        parsed: datetime = date_parser.parse(value.strip(), default=datetime(1, 1, 1), tzinfos=_time_zone)
    except (ValueError, OverflowError):
        return None
    if parsed.year < 1000:
        return None
    aware = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    try:
        return aware.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _time_zone(name: str | None, offset: int | None) -> tzinfo:
    if offset is not None:
        return timezone(timedelta(seconds=offset))
    return timezone(timedelta(hours=_ZONES.get(name or "", 0)))
