"""JSON Lines, plain or gzip: one object a line; blank lines are no records."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from typing import Any

from navab.readers.records import CORRUPT_FILE, INVALID_ENCODING, INVALID_JSON, NOT_AN_OBJECT, RawRecord

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read_jsonl(file: Any, columns: tuple[str, ...]) -> Iterator[RawRecord]:
    """Yield the records of a binary file; a file that breaks off ends with one unreadable record."""
    number = 0
    lines = iter(file)
    while True:
        try:
            line = next(lines)
        except StopIteration:
            return
        except (EOFError, gzip.BadGzipFile, zlib.error):
            yield RawRecord(number, unreadable=CORRUPT_FILE)
            return
        line = line.removeprefix(_BYTE_ORDER_MARK)  # also where files were joined
        if line.strip():
            yield _parse(number, line, columns)
            number += 1


def _parse(number: int, line: bytes, columns: tuple[str, ...]) -> RawRecord:
    try:
        value = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError:
        return RawRecord(number, unreadable=INVALID_ENCODING)
    except (ValueError, RecursionError):  # ValueError: no JSON, or a number of more than 4,300 digits
        return RawRecord(number, unreadable=INVALID_JSON)
    if not isinstance(value, dict):
        return RawRecord(number, unreadable=NOT_AN_OBJECT)
    return RawRecord(number, {name: value.get(name) for name in columns})
