"""Formats of source files: told by ending and checked against content, then read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from navab.errors import ConfigurationError
from navab.options.articles import Columns
from navab.readers.arrow import FILE_MAGIC, read_arrow
from navab.readers.compression import compression_of, seekable, unpacked
from navab.readers.delimited import read_csv
from navab.readers.jsonl import read_jsonl
from navab.readers.parquet import read_parquet
from navab.readers.records import CORRUPT_FILE, DamagedFileError, Limits, RawRecord

_ENDINGS = {
    "jsonl": ("jsonl", "ndjson"),
    "parquet": ("parquet", "pq"),
    "csv": ("csv", "tsv"),
    "arrow": ("arrow", "arrows", "feather", "ipc"),
    "warc": ("warc", "wet"),
}
_COMPRESSIONS = ("gz", "bz2", "xz", "zst", "zstd")
_ENDING = re.compile(rf"\.(?P<format>\w+?)(?P<packed>\.(?:{'|'.join(_COMPRESSIONS)}))?$", re.IGNORECASE)
_HEAD_BYTES = 4096
_ARROW_STREAM_MAGIC = b"\xff\xff\xff\xff"
_JSON_OBJECT = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{\s*"')

_STREAMED: dict[str, Callable[[Any, tuple[str, ...], int], Iterator[RawRecord]]] = {
    "jsonl": read_jsonl,
    "csv": read_csv,
}
_SEEKING: dict[str, Callable[[Any, tuple[str, ...]], Iterator[RawRecord]]] = {
    "parquet": read_parquet,
    "arrow": read_arrow,
}


def format_of(path: str) -> str:
    """The format that a file's ending names; raises ConfigurationError if it names none."""
    found = _ENDING.search(path)
    if found is not None:
        ending = found["format"].lower()
        if ending == "json" and found["packed"]:
            return "jsonl"  # a plain .json file is mostly one document
        for name, endings in _ENDINGS.items():
            if ending in endings:
                return name
    known = ", ".join(sorted(f".{ending}" for endings in _ENDINGS.values() for ending in endings))
    packed = ", ".join(f".{ending}" for ending in _COMPRESSIONS)
    raise ConfigurationError(
        f"source file {path}: format unknown by its ending ({known}, also with {packed}); add 'format:' to the source"
    )


@dataclass(frozen=True, slots=True)
class Encoding:
    """What a file is: its format, and its compression or null."""

    format: str
    compression: str | None


def encoding_of(raw: Any, declared: str) -> Encoding:
    """Look into a seekable binary file: what it is counts more than how it is named."""
    compression = compression_of(raw)
    return Encoding(_format_by_content(_head(raw, compression)) or declared, compression)


def read_records(raw: Any, encoding: Encoding, columns: Columns, limits: Limits) -> Iterator[RawRecord]:
    """Yield the records of a seekable binary file.

    The limits hold for records of text formats and of WARC; Parquet and Arrow are bounded by their batches instead.
    """
    names = tuple(columns.model_dump().values())
    if encoding.format == "warc":
        from navab.readers.warc import read_warc  # noqa: PLC0415  trafilatura takes half a second to load

        yield from read_warc(raw, encoding.compression, columns, limits)
        return
    if encoding.format in _STREAMED:
        yield from _STREAMED[encoding.format](unpacked(raw, encoding.compression), names, limits.record)
        return
    try:
        whole = seekable(raw, encoding.compression)
    except DamagedFileError:
        yield RawRecord(0, unreadable=CORRUPT_FILE)
        return
    try:
        yield from _SEEKING[encoding.format](whole, names)
    finally:
        if whole is not raw:
            whole.close()


def _head(raw: Any, compression: str | None) -> bytes:
    try:
        return unpacked(raw, compression).read(_HEAD_BYTES)
    except DamagedFileError:
        return b""
    finally:
        raw.seek(0)


def _format_by_content(head: bytes) -> str | None:
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"WARC/"):
        return "warc"
    if head.startswith((FILE_MAGIC, _ARROW_STREAM_MAGIC)):
        return "arrow"
    return "jsonl" if _JSON_OBJECT.match(head) else None
