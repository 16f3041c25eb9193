"""HTTP responses as crawls store them: status, headers, and the body with its codings undone, up to a limit."""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from navab.readers.records import DamagedFileError, TooLargeError

_STATUS = re.compile(rb"HTTP/\d(?:\.\d)?\s+(\d{3})\b")
_CHUNK = re.compile(rb"\s*([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r?\n")
_CODECS = {"br": "brotli", "zstd": "zstd"}
_PIECE = 1 << 16


@dataclass(frozen=True, slots=True)
class Response:
    """A response with its body as it was sent."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def media_type(self) -> str:
        """The media type in lower case, without parameters; empty if the server named none."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def charset(self) -> str | None:
        """The charset that the server declared."""
        return charset_parameter(self.headers.get("content-type", ""))


def charset_parameter(content_type: str) -> str | None:
    """The charset parameter of a content type."""
    found = re.search(r"charset\s*=\s*[\"']?\s*([\w.:-]+)", content_type, re.IGNORECASE)
    return found[1] if found else None


def parse_response(block: bytes) -> Response | None:
    """Split a response into status, headers and body; null if it begins with no status line."""
    status = _STATUS.match(block)
    if status is None:
        return None
    head, body = _split_head(block)
    return Response(int(status[1]), parse_headers(head.partition(b"\n")[2]), body)


def parse_headers(content: bytes) -> dict[str, str]:
    """Header fields by lower-case name; of a repeated one the first, continued lines joined."""
    fields: dict[str, str] = {}
    name = ""
    for line in content.decode("utf-8", "replace").splitlines():
        if line[:1] in (" ", "\t") and name:
            fields[name] += " " + line.strip()
            continue
        key, colon, value = line.partition(":")
        name = key.strip().lower() if colon and key.strip().lower() not in fields else ""
        if name:
            fields[name] = value.strip()
    return fields


def decode_body(response: Response, limit: int) -> bytes:
    """The body without chunks and compression.

    Crawlers keep headers of codings that they have undone: a body that is not coded as declared is taken as it is.
    Raises TooLargeError beyond `limit` bytes and DamagedFileError if a compressed body breaks off at once.
    """
    body = response.body
    if "chunked" in response.headers.get("transfer-encoding", "").lower():
        body = _unchunked(body)
    codings = [name.strip().lower() for name in response.headers.get("content-encoding", "").split(",")]
    for coding in reversed(codings):
        body = _decompressed(body, coding, limit)
    if len(body) > limit:
        raise TooLargeError
    return body


def _split_head(block: bytes) -> tuple[bytes, bytes]:
    ends = [(place, len(mark)) for mark in (b"\r\n\r\n", b"\n\n") if (place := block.find(mark)) >= 0]
    if not ends:
        return block, b""
    place, length = min(ends)
    return block[:place], block[place + length :]


def _unchunked(body: bytes) -> bytes:
    parts: list[bytes] = []
    place = 0
    while (size := _CHUNK.match(body, place)) is not None:
        start = size.end()
        place = start + int(size[1], 16)
        parts.append(body[start:place])
        if place == start:
            break
    return b"".join(parts) if parts else body


def _decompressed(body: bytes, coding: str, limit: int) -> bytes:
    if coding in ("gzip", "x-gzip"):
        return _inflated(body, 31, limit) if body.startswith(b"\x1f\x8b") else body
    if coding == "deflate":
        plain = _inflated(body, 15, limit)
        return plain if plain is not body else _inflated(body, -15, limit)
    if coding in _CODECS:
        return _arrow_decompressed(body, _CODECS[coding], limit)
    return body


def _inflated(body: bytes, window: int, limit: int) -> bytes:
    """Inflate up to the limit; a body that breaks off gives what came before, one that is not coded itself."""
    inflater = zlib.decompressobj(window)
    try:
        plain = inflater.decompress(body, limit + 1)
    except zlib.error as error:
        if window == 31:
            raise DamagedFileError(str(error)) from error
        return body
    if len(plain) > limit:
        raise TooLargeError
    return plain


def _arrow_decompressed(body: bytes, codec: str, limit: int) -> bytes:
    plain = bytearray()
    try:
        stream = pa.CompressedInputStream(pa.PythonFile(io.BytesIO(body), mode="r"), codec)
        while piece := stream.read(_PIECE):
            plain += piece
            if len(plain) > limit:
                raise TooLargeError
    except OSError:
        return bytes(plain) or body
    return bytes(plain)
