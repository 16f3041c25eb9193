"""WARC framing (ISO 28500): records of a file one after the other, past damage.

In a gzip file every record is a member of its own; one broken member costs itself, and reading goes on with the next
that begins a record. In any other file reading goes on with the next line that begins one.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from navab.readers.compression import unpacked
from navab.readers.http import parse_headers
from navab.readers.records import DamagedFileError

_VERSION = re.compile(rb"WARC/\d\.\d+\s*$")
_LINE_BYTES = 1 << 16
_HEAD_LINES = 1000
_BLOCK = 1 << 16
_GZIP_MAGIC = b"\x1f\x8b\x08"
_TRIAL_BYTES = 4096  # of a gzip member, enough to see the word with which a record begins


@dataclass(frozen=True, slots=True)
class WarcRecord:
    """A record's header fields by lower-case name and its block; null for a block beyond the limit or damaged."""

    headers: Mapping[str, str] = field(default_factory=dict)
    block: bytes | None = None
    damaged: bool = False


DAMAGE = WarcRecord(damaged=True)


def warc_records(raw: Any, compression: str | None, limit: int) -> Iterator[WarcRecord]:
    """Yield the records of a seekable binary file, and DAMAGE for every stretch that cannot be read."""
    if compression == "gzip":
        yield from _of_members(raw, limit)
        return
    try:
        yield from _of_stream(unpacked(raw, compression), limit)
    except DamagedFileError:
        yield DAMAGE


def _of_members(raw: Any, limit: int) -> Iterator[WarcRecord]:
    following: int | None = 0
    while following is not None:
        start = following
        member = _Member(raw, start)
        try:
            yield from _of_stream(io.BufferedReader(member, _BLOCK), limit)
            following = member.next_start()
        except DamagedFileError:
            yield DAMAGE
            following = _next_member(raw, start + 1)


def _of_stream(stream: io.BufferedReader, limit: int) -> Iterator[WarcRecord]:
    lost = False
    while line := stream.readline(_LINE_BYTES):
        if not line.strip():
            continue
        if _VERSION.match(line) is None:
            if not lost:
                yield DAMAGE
            lost = True
            continue
        record = _record(stream, limit)
        lost = record.damaged
        yield record


def _record(stream: io.BufferedReader, limit: int) -> WarcRecord:
    headers = _headers(stream)
    length = headers.get("content-length", "")
    if not (length.isascii() and length.isdigit()):
        return DAMAGE
    size = int(length)
    block = stream.read(min(size, limit))
    rest = size - len(block)
    while rest > 0 and (skipped := stream.read(min(rest, _BLOCK))):
        rest -= len(skipped)
    if rest > 0:
        raise DamagedFileError("the file ends inside a record")
    return WarcRecord(headers, block if size <= limit else None)


def _headers(stream: io.BufferedReader) -> dict[str, str]:
    lines = []
    for _ in range(_HEAD_LINES):
        line = stream.readline(_LINE_BYTES)
        if not line.strip():
            break
        lines.append(line)
    return parse_headers(b"".join(lines))


class _Member(io.RawIOBase):
    """One gzip member as a stream; damage and a missing end raise DamagedFileError."""

    def __init__(self, raw: Any, start: int) -> None:
        self._raw = raw
        self._raw.seek(start)
        self._read = start
        self._inflater = zlib.decompressobj(31)
        self._pending = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        while not self._inflater.eof:
            content = self._pending or self._fetch()
            try:
                plain = self._inflater.decompress(content, len(buffer))
            except zlib.error as error:
                raise DamagedFileError(str(error)) from error
            self._pending = self._inflater.unconsumed_tail
            if plain:
                buffer[: len(plain)] = plain
                return len(plain)
        return 0

    def _fetch(self) -> bytes:
        content: bytes = self._raw.read(_BLOCK)
        if not content:
            raise DamagedFileError("the file ends inside a member")
        self._read += len(content)
        return content

    def next_start(self) -> int | None:
        """Where the next member begins, past zeros; null at the end of the file."""
        start = self._read - len(self._inflater.unused_data)
        self._raw.seek(start)
        while block := self._raw.read(_BLOCK):
            if stripped := block.lstrip(b"\0"):
                return int(self._raw.tell() - len(stripped))
        return None


def _next_member(raw: Any, start: int) -> int | None:
    """The next place at which a gzip member begins that holds a record."""
    raw.seek(start)
    base, block = start, raw.read(_BLOCK)
    while len(block) >= len(_GZIP_MAGIC):
        place = block.find(_GZIP_MAGIC)
        while place >= 0:
            if _begins_record(raw, base + place):
                return int(base + place)
            place = block.find(_GZIP_MAGIC, place + 1)
        keep = len(_GZIP_MAGIC) - 1
        base += len(block) - keep
        raw.seek(base)
        following = raw.read(_BLOCK)
        block = following if len(following) > keep else b""
    return None


def _begins_record(raw: Any, start: int) -> bool:
    raw.seek(start)
    try:
        head = zlib.decompressobj(31).decompress(raw.read(_TRIAL_BYTES), _TRIAL_BYTES)
    except zlib.error:
        return False
    return head.startswith(b"WARC/")
