"""What every reader yields: one record after the other, readable or not, with its number in the file."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

# Reasons for which a record is unreadable; these count against `tolerance`.
INVALID_JSON = "invalid_json"
NOT_AN_OBJECT = "not_an_object"
INVALID_ENCODING = "invalid_encoding"
MISSING_TEXT = "missing_text"
WRONG_TYPE = "wrong_type"
CORRUPT_FILE = "corrupt_file"
INVALID_CSV = "invalid_csv"
TOO_LARGE = "too_large"
CORRUPT_RECORD = "corrupt_record"
INVALID_HTTP = "invalid_http"
UNKNOWN_CHARSET = "unknown_charset"

# Reasons for which a captured page is no article: what every crawl is full of, and no error.
REVISIT = "revisit"
REDIRECT = "redirect"
HTTP_ERROR = "http_error"
NOT_HTML = "not_html"
PAGE_TOO_LARGE = "page_too_large"
NO_ARTICLE_TEXT = "no_article_text"

MAX_RECORD_BYTES = 64 << 20  # larger records are unreadable: a line without end must not fill the memory


@dataclass(frozen=True, slots=True)
class RawRecord:
    """A record as found: its fields, or the reason why there are none; or both, if it is well read and no article."""

    number: int
    fields: dict[str, Any] = field(default_factory=dict)
    unreadable: str | None = None
    rejected: str | None = None


class DamagedFileError(Exception):
    """The content of a file is damaged from here on; readers turn it into an unreadable record."""


class TooLargeError(Exception):
    """A record is larger than the limit."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes beyond which a record or a decoded page is not read."""

    record: int = MAX_RECORD_BYTES
    page: int = 8 << 20


def is_store_failure(error: OSError) -> bool:
    """Tell a store or disk that fails from content that a library cannot decode."""
    # Those of an object store have no number.
    store = TimeoutError | ConnectionError | PermissionError | FileNotFoundError
    return error.errno is not None or isinstance(error, store)


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
