"""WARC: files as crawls write them, made by warcio; every capture is a record, and damage costs what it hit."""

from __future__ import annotations

import gzip
import io
import zlib

import pyarrow as pa
import pytest

from navab.options.articles import Columns
from navab.readers.compression import compression_of
from navab.readers.records import Limits, RawRecord
from navab.readers.warc import read_warc
from tests.readers.pages import SENTENCES, Capture, page, warc

LIMITS = Limits()


def read(content: bytes, limits: Limits = LIMITS) -> list[RawRecord]:
    raw = io.BytesIO(content)
    return list(read_warc(raw, compression_of(raw), Columns(), limits))


def one(capture: Capture, limits: Limits = LIMITS) -> RawRecord:
    (record,) = read(warc([capture]), limits)
    return record


def text(language: str = "en") -> str:
    return "\n".join(SENTENCES[language])


def compress(body: bytes, codec: str) -> bytes:
    return pa.Codec(codec).compress(body, asbytes=True)  # type: ignore[no-any-return]


def chunked(body: bytes) -> bytes:
    pieces = [body[start : start + 100] for start in range(0, len(body), 100)]
    return b"".join(b"%x;name=value\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def raw_deflate(body: bytes) -> bytes:
    squeeze = zlib.compressobj(wbits=-15)
    return squeeze.compress(body) + squeeze.flush()


def test_a_page_becomes_an_article() -> None:
    record = one(Capture())
    assert (record.number, record.unreadable, record.rejected) == (0, None, None)
    assert record.fields["text"] == text()
    assert record.fields["title"] == "A headline of its own"
    assert record.fields["published_at"] == "2024-05-03"
    assert record.fields["url"] == "https://www.bbc.co.uk/news/1"
    assert record.fields["id"].startswith("<urn:uuid:")


@pytest.mark.parametrize("packed", [True, False])
def test_only_captures_are_records(packed: bool) -> None:
    records = read(warc([Capture(), Capture(url="https://www.bbc.co.uk/news/2")], gzip=packed))
    assert [record.number for record in records] == [0, 1]
    assert [record.fields["url"][-1] for record in records] == ["1", "2"]


PAGE = page().encode()
CODED = {
    "gzip": (gzip.compress(PAGE), {"Content-Encoding": "gzip"}),
    "deflate": (zlib.compress(PAGE), {"Content-Encoding": "deflate"}),
    "raw deflate": (raw_deflate(PAGE), {"Content-Encoding": "deflate"}),
    "brotli": (compress(PAGE, "brotli"), {"Content-Encoding": "br"}),
    "zstd": (compress(PAGE, "zstd"), {"Content-Encoding": "zstd"}),
    "chunked": (chunked(PAGE), {"Transfer-Encoding": "chunked"}),
    "chunked gzip": (chunked(gzip.compress(PAGE)), {"Transfer-Encoding": "chunked", "Content-Encoding": "gzip"}),
    "twice": (zlib.compress(gzip.compress(PAGE)), {"Content-Encoding": "gzip, deflate"}),
    # Headers that the crawler kept although it has undone the coding
    "not chunked": (PAGE, {"Transfer-Encoding": "chunked"}),
    "not gzip": (PAGE, {"Content-Encoding": "gzip"}),
    "not deflate": (PAGE, {"Content-Encoding": "deflate"}),
    "not brotli": (PAGE, {"Content-Encoding": "br"}),
    "unheard of": (PAGE, {"Content-Encoding": "identity, x-own"}),
}


@pytest.mark.parametrize("coding", CODED)
def test_codings_of_the_body_are_undone(coding: str) -> None:
    body, headers = CODED[coding]
    assert one(Capture(body, headers=tuple(headers.items()))).fields["text"] == text()


HTML = "text/html"
CHARSETS = [
    ("zh", "gb18030", f"{HTML}; charset=GB18030", ""),
    ("zh", "gb18030", f"{HTML}; charset=gb2312", ""),
    ("zh", "gb18030", HTML, '<meta charset="gb2312">'),
    ("zh", "gb18030", HTML, '<meta http-equiv="Content-Type" content="text/html; charset=gbk">'),
    ("zh", "gb18030", HTML, ""),
    ("zh-hant", "big5", f"{HTML}; charset=big5", ""),
    ("zh-hant", "big5", HTML, '<meta charset="Big5">'),
    ("zh-hant", "big5", HTML, ""),
    ("fr", "windows-1252", f"{HTML}; charset=iso-8859-1", ""),
    ("fr", "windows-1252", HTML, '<meta charset="windows-1252">'),
    ("fr", "windows-1252", HTML, ""),
    ("de", "windows-1252", HTML, ""),
    ("de", "utf-8", HTML, ""),
    ("zh", "utf-8", HTML, ""),
    ("fr", "utf-8-sig", HTML, ""),
    ("fr", "utf-16", HTML, ""),
    ("fr", "utf-16-le", f"{HTML}; charset=utf-16", ""),
    ("zh", "utf-16-le", f"{HTML}; charset=utf-16le", ""),
    ("zh", "utf-16-be", HTML, ""),
    # What the header or the page says is wrong
    ("fr", "utf-8", f"{HTML}; charset=iso-8859-1", ""),
    ("zh", "gb18030", f"{HTML}; charset=utf-8", '<meta charset="gb2312">'),
    ("zh", "gb18030", f"{HTML}; charset=utf-8", ""),
    ("de", "utf-8", f"{HTML}; charset=utf-16", ""),
    ("fr", "utf-16-be", f"{HTML}; charset=utf-8", ""),
    ("fr", "utf-8", f"{HTML}; charset=no-such", '<meta charset="neither">'),
]


@pytest.mark.parametrize(("language", "charset", "content_type", "meta"), CHARSETS)
def test_the_charset_is_found(language: str, charset: str, content_type: str, meta: str) -> None:
    body = page(language, meta).encode(charset)
    assert one(Capture(body, content_type=content_type)).fields["text"] == text(language)


def test_utf16_that_breaks_off_within_a_character_is_still_utf16() -> None:
    body = page("fr").encode("utf-16-le")[:-1]
    assert one(Capture(body, content_type=HTML)).fields["text"] == text("fr")


@pytest.mark.parametrize(
    ("capture", "reason"),
    [
        (Capture(b"", status="301 Moved", headers=(("Location", "/2"),)), "redirect"),
        (Capture(b"", status="304 Not Modified"), "redirect"),
        (Capture(page().encode(), status="404 Not Found"), "http_error"),
        (Capture(page().encode(), status="503 Service Unavailable"), "http_error"),
        (Capture(b"", status="204 No Content"), "http_error"),
        (Capture(b"%PDF-1.7", content_type="application/pdf"), "not_html"),
        (Capture(b"{}", content_type="application/json"), "not_html"),
        (Capture(b"\x89PNG", content_type=None), "not_html"),
        (Capture(b"", kind="revisit", content_type="application/http; msgtype=response"), "revisit"),
        (Capture(b"1.2.3.4", url="dns:example.org", kind="resource", content_type="text/dns"), "not_html"),
        (Capture(b""), "no_article_text"),
        (Capture(b"<html><body></body></html>"), "no_article_text"),
        (Capture(b"<html>" + b"<div>" * 5000), "no_article_text"),
    ],
)
def test_what_is_no_article_is_rejected_with_its_address(capture: Capture, reason: str) -> None:
    record = one(capture)
    assert (record.rejected, record.unreadable) == (reason, None)
    assert record.fields["url"] == capture.url


def test_other_kinds_of_captures_are_read() -> None:
    html = one(Capture(page().encode(), kind="resource", content_type="text/html; charset=utf-8"))
    plain = one(Capture(text("fr").encode(), kind="conversion", content_type="text/plain"))
    unnamed = one(Capture(page().encode(), content_type=None))
    assert [record.fields["text"] for record in (html, plain, unnamed)] == [text(), text("fr"), text()]


BOMB = b"<html><body>" + b"a" * (20 << 20)


@pytest.mark.parametrize(
    "coding", [("gzip", gzip.compress(BOMB)), ("deflate", zlib.compress(BOMB)), ("br", compress(BOMB, "brotli"))]
)
def test_a_decompression_bomb_is_cut_off(coding: tuple[str, bytes]) -> None:
    name, body = coding
    assert len(body) < len(BOMB) / 500
    record = one(Capture(body, headers=(("Content-Encoding", name),)), Limits(page=1 << 20))
    assert record.rejected == "page_too_large"


def test_a_record_beyond_the_limit_does_not_fill_the_memory_and_costs_itself_only() -> None:
    content = warc([Capture(), Capture(BOMB), Capture()])
    assert [record.unreadable for record in read(content, Limits(record=1 << 20))] == [None, "too_large", None]


def members(content: bytes) -> list[bytes]:
    """The gzip members of a file."""
    found = []
    while content:
        inflater = zlib.decompressobj(31)
        inflater.decompress(content)
        found.append(content[: len(content) - len(inflater.unused_data)])
        content = inflater.unused_data
    return found


def reasons(content: bytes) -> list[str | None]:
    return [record.unreadable for record in read(content)]


@pytest.mark.parametrize("place", [0, 1, 12, -30, -5])
def test_a_corrupt_member_does_not_lose_the_rest(place: int) -> None:
    parts = members(warc([Capture()] * 5))
    broken = bytearray(parts[6])  # warcinfo, then request and response of each capture
    broken[place] ^= 0xFF
    found = reasons(b"".join([*parts[:6], bytes(broken), *parts[7:]]))
    assert found[:2] == [None, None]
    assert found[-2:] == [None, None]
    assert found.count("corrupt_record") == 1
    assert len(found) in (5, 6)  # damage in a checksum is seen after the record was read


def test_a_file_that_breaks_off_keeps_what_came_before() -> None:
    content = warc([Capture()] * 3)
    assert reasons(content[:-200]) == [None, None, "corrupt_record"]
    plain = warc([Capture()] * 3, gzip=False)
    assert reasons(plain[:-200]) == [None, None, "corrupt_record"]


def test_garbage_between_records_is_told() -> None:
    parts = members(warc([Capture()] * 2))
    assert reasons(b"".join(parts[:3]) + b"garbage" * 100 + b"".join(parts[3:])) == [None, "corrupt_record", None]
    plain = warc([Capture()] * 2, gzip=False)
    second = plain.rindex(b"WARC/1.0\r\n")
    assert reasons(plain[:second] + b"garbage\n" * 100 + plain[second:]) == [None, "corrupt_record", None]


def test_a_wrong_length_is_told() -> None:
    plain = warc([Capture()] * 3, gzip=False)
    start = plain.index(b"Content-Length:", plain.index(b"WARC-Type: response"))
    end = plain.index(b"\r\n", start)
    assert reasons(plain[:start] + b"Content-Length: many" + plain[end:]) == ["corrupt_record", None, None]


def test_a_response_without_a_status_line_is_unreadable() -> None:
    content = warc([Capture()], gzip=False).replace(b"HTTP/1.1 200 OK", b"HTML/1.1 200 OK")
    assert reasons(content) == ["invalid_http"]


def test_a_body_whose_compression_is_damaged_is_unreadable() -> None:
    body = bytearray(gzip.compress(page().encode()))
    body[100:110] = b"\xff" * 10
    assert one(Capture(bytes(body), headers=(("Content-Encoding", "gzip"),))).unreadable == "corrupt_record"


@pytest.mark.parametrize("squeeze", [gzip.compress, lambda content: compress(content, "zstd")])
def test_a_file_that_was_compressed_as_a_whole_is_read(squeeze: object) -> None:
    assert callable(squeeze)
    assert reasons(squeeze(warc([Capture()] * 3, gzip=False))) == [None, None, None]


def test_an_empty_file_has_no_records() -> None:
    assert read(b"") == read(gzip.compress(b"")) == []
