"""JSON Lines: one object a line; blank lines are no records. A repeated key has its last value, as in Python."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from navab.readers.lines import bounded_lines
from navab.readers.records import (
    CORRUPT_FILE,
    INVALID_ENCODING,
    INVALID_JSON,
    MAX_RECORD_BYTES,
    NOT_AN_OBJECT,
    TOO_LARGE,
    DamagedFileError,
    RawRecord,
)

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read_jsonl(file: Any, columns: tuple[str, ...], limit: int = MAX_RECORD_BYTES) -> Iterator[RawRecord]:
    """Yield the records of a stream of bytes; a file that breaks off ends with one unreadable record."""
    number = 0
    try:
        for line in bounded_lines(file, limit):
            if line is None:
                yield RawRecord(number, unreadable=TOO_LARGE)
            else:
                content = line.removeprefix(_BYTE_ORDER_MARK)  # also where files were joined
                if not content.strip():
                    continue
                yield _parse(number, content, columns)
            number += 1
    except DamagedFileError:
        yield RawRecord(number, unreadable=CORRUPT_FILE)


def _parse(number: int, line: bytes, columns: tuple[str, ...]) -> RawRecord:
    try:
        value = _decode(line)
    except UnicodeDecodeError:
        return RawRecord(number, unreadable=INVALID_ENCODING)
    except (ValueError, RecursionError):  # ValueError: no JSON, or a number of more than 4,300 digits
        return RawRecord(number, unreadable=INVALID_JSON)
    if not isinstance(value, dict):
        return RawRecord(number, unreadable=NOT_AN_OBJECT)
    return RawRecord(number, {name: value.get(name) for name in columns})


def _decode(line: bytes) -> Any:
    """A line's value by msgspec, twice as fast; what it refuses, such as NaN, Python may still read."""
    try:
        return msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError):
        return json.loads(line.decode("utf-8"))
