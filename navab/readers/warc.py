"""WARC files as crawls write them (CC-NEWS, Common Crawl, Heritrix): captured pages to articles.

Records are what was captured: `response`, `resource`, `revisit` and `conversion` (plain text, as in WET files).
`warcinfo`, `request`, `metadata` and `continuation` describe captures and are passed over. Redirects, errors, files
that are no HTML and pages without an article are rejected with a reason of their own, and have their url.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from navab.options.articles import Columns
from navab.readers.charset import decode_page
from navab.readers.framing import WarcRecord, warc_records
from navab.readers.html import extract_page
from navab.readers.http import Response, decode_body, parse_response
from navab.readers.records import (
    CORRUPT_RECORD,
    HTTP_ERROR,
    INVALID_HTTP,
    NO_ARTICLE_TEXT,
    NOT_HTML,
    PAGE_TOO_LARGE,
    REDIRECT,
    REVISIT,
    TOO_LARGE,
    UNKNOWN_CHARSET,
    DamagedFileError,
    Limits,
    RawRecord,
    TooLargeError,
)

_CAPTURES = frozenset({"response", "resource", "revisit", "conversion"})
_HTML = frozenset({"text/html", "application/xhtml+xml"})
_HTML_STARTS = (b"<!doctype html", b"<html", b"<head")
_SNIFFED_BYTES = 512


def read_warc(raw: Any, compression: str | None, columns: Columns, limits: Limits) -> Iterator[RawRecord]:
    """Yield the captures of a seekable binary file; each damaged stretch is one unreadable record."""
    number = 0
    for record in warc_records(raw, compression, limits.record):
        if record.damaged:
            yield RawRecord(number, unreadable=CORRUPT_RECORD)
        elif record.headers.get("warc-type", "").lower() in _CAPTURES:
            yield _capture(number, record, columns, limits)
        else:
            continue
        number += 1


def _capture(number: int, record: WarcRecord, columns: Columns, limits: Limits) -> RawRecord:
    fields: dict[str, Any] = {
        columns.url: record.headers.get("warc-target-uri", "").strip("<>") or None,
        columns.id: record.headers.get("warc-record-id"),
    }
    kind = record.headers.get("warc-type", "").lower()
    if kind == "revisit":
        return RawRecord(number, fields, rejected=REVISIT)
    if record.block is None:
        return RawRecord(number, unreadable=TOO_LARGE)
    if kind == "conversion":
        return RawRecord(number, fields | {columns.text: record.block.decode("utf-8", "replace")})
    response = _response(record, record.block)
    if response is None:
        return RawRecord(number, unreadable=INVALID_HTTP)
    if response.status != 200:
        return RawRecord(number, fields, rejected=REDIRECT if 300 <= response.status < 400 else HTTP_ERROR)
    return _page(number, record, response, fields, columns, limits)


def _response(record: WarcRecord, block: bytes) -> Response | None:
    content_type = record.headers.get("content-type", "")
    if content_type.lower().startswith("application/http") or block.startswith(b"HTTP/"):
        return parse_response(block)
    return Response(200, {"content-type": content_type}, block)


def _page(
    number: int, record: WarcRecord, response: Response, fields: dict[str, Any], columns: Columns, limits: Limits
) -> RawRecord:
    if response.media_type and response.media_type not in _HTML:
        return RawRecord(number, fields, rejected=NOT_HTML)
    try:
        body = decode_body(response, limits.page)
    except TooLargeError:
        return RawRecord(number, fields, rejected=PAGE_TOO_LARGE)
    except DamagedFileError:
        return RawRecord(number, unreadable=CORRUPT_RECORD)
    if not response.media_type and not body[:_SNIFFED_BYTES].lstrip().lower().startswith(_HTML_STARTS):
        return RawRecord(number, fields, rejected=NOT_HTML)
    html = decode_page(body, response.charset)
    if html is None:
        return RawRecord(number, unreadable=UNKNOWN_CHARSET)
    page = extract_page(html, fields[columns.url], _latest_date(record.headers.get("warc-date", "")))
    if page is None:
        return RawRecord(number, fields, rejected=NO_ARTICLE_TEXT)
    found = {columns.text: page.text, columns.title: page.title, columns.published_at: page.published}
    return RawRecord(number, fields | found)


def _latest_date(captured: str) -> str | None:
    """The day after the capture: in some time zone it had begun."""
    try:
        return (date.fromisoformat(captured[:10]) + timedelta(days=1)).isoformat()
    except (ValueError, OverflowError):
        return None
