"""CSV (RFC 4180): a header line, then one record a row; fields may hold line breaks inside quotes.

The delimiter is the one of comma, semicolon, tab and bar that splits the header into most of the columns asked for. A
row that has not as many fields as the header is unreadable: its text may be cut. A quote that is never closed costs
its own line only: reading goes on with the next one.
"""

from __future__ import annotations

import csv
import sys
from collections import deque
from collections.abc import Iterator
from typing import Any

from navab.readers.lines import bounded_lines
from navab.readers.records import (
    CORRUPT_FILE,
    INVALID_CSV,
    INVALID_ENCODING,
    MAX_RECORD_BYTES,
    TOO_LARGE,
    DamagedFileError,
    RawRecord,
)

_DELIMITERS = ",;\t|"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

# The module's own limit (128 KiB a field) holds for the whole process; here `_Lines` bounds a row.
csv.field_size_limit(sys.maxsize)


def read_csv(file: Any, columns: tuple[str, ...], limit: int = MAX_RECORD_BYTES) -> Iterator[RawRecord]:
    """Yield the records of a stream of bytes; a file that breaks off ends with one unreadable record."""
    number = 0
    lines = _Lines(file, limit)
    try:
        names, delimiter = _header(lines, columns)
        for fields, problem in _rows(lines, delimiter):
            if problem is None and not fields:
                continue  # a blank line
            yield _record(number, names, columns, fields, problem)
            number += 1
    except DamagedFileError:
        yield RawRecord(number, unreadable=CORRUPT_FILE)


def _header(lines: _Lines, columns: tuple[str, ...]) -> tuple[list[str], str]:
    for line in lines:
        if not line.strip():
            continue
        found = [([name.strip() for name in _split(line, delimiter)], delimiter) for delimiter in _DELIMITERS]
        return max(found, key=lambda one: len(set(columns) & set(one[0])))
    return [], _DELIMITERS[0]


def _split(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []


def _rows(lines: _Lines, delimiter: str) -> Iterator[tuple[list[str], str | None]]:
    """Fields of every row, or why it cannot be read."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        lines.begin_row()
        problem: str | None
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error:
            problem = TOO_LARGE if lines.overlong else INVALID_CSV
            fields = []
            lines.give_back_all_but_first()
        else:
            problem = TOO_LARGE if lines.overlong else None
        yield fields, problem


def _record(
    number: int, names: list[str], columns: tuple[str, ...], fields: list[str], problem: str | None
) -> RawRecord:
    if problem is None and any(not field.isascii() and _has_undecoded(field) for field in fields):
        problem = INVALID_ENCODING
    if problem is None and len(fields) != len(names):
        problem = INVALID_CSV
    if problem is not None:
        return RawRecord(number, unreadable=problem)
    values = dict(zip(names, fields, strict=True))
    return RawRecord(number, {name: values.get(name) for name in columns})


def _has_undecoded(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False


class _Lines:
    """Decoded lines for `csv.reader`, of which those of the current row can be given back.

    Every line that is given back began inside the quotes of a row that failed. A later row that is still open there
    would fail like that one, so it ends at its first line: else lines would be read once for each line before them.
    """

    def __init__(self, file: Any, limit: int) -> None:
        self._source = bounded_lines(file, limit)
        self._limit = limit
        self._again: deque[str | None] = deque()
        self._row: list[str | None] = []
        self._size = 0
        self._next = 0
        self._failed_until = 0
        self._first = True
        self.overlong = False

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        """The next line; a row that cannot be closed within the limit ends here, an error to `csv.reader`."""
        if self._size > self._limit or (self._row and self._next < self._failed_until):
            raise StopIteration
        line = self._again.popleft() if self._again else self._read()
        self._row.append(line)
        self._next += 1
        if line is None:
            self.overlong = True
            return "\n"
        self._size += len(line)
        return line

    def _read(self) -> str | None:
        line = next(self._source)
        if line is None:
            return None
        if self._first:
            self._first = False
            line = line.removeprefix(_BYTE_ORDER_MARK)
        return line.decode("utf-8", "surrogateescape")

    def begin_row(self) -> None:
        self._row, self._size, self.overlong = [], 0, False

    def give_back_all_but_first(self) -> None:
        self._failed_until = max(self._failed_until, self._next)
        self._again.extendleft(reversed(self._row[1:]))
        self._next -= len(self._row) - 1
