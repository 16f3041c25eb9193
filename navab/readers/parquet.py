"""Parquet: only the columns that are asked for are read, batch by batch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from navab.readers.records import CORRUPT_FILE, INVALID_ENCODING, RawRecord

_BATCH_ROWS = 1024


def read_parquet(file: Any, columns: tuple[str, ...]) -> Iterator[RawRecord]:
    """Yield the rows of a seekable binary file; a damaged file ends with one unreadable record."""
    number = 0
    try:
        parquet = pq.ParquetFile(file)
        present = [name for name in columns if name in parquet.schema_arrow.names]
        for batch in parquet.iter_batches(batch_size=_BATCH_ROWS, columns=present):
            for record in _records(batch, number):
                yield record
                number += 1
    except pa.ArrowException:
        yield RawRecord(number, unreadable=CORRUPT_FILE)
    except OSError as error:
        if error.errno is not None or isinstance(error, TimeoutError):
            raise  # the store failed, not the file
        yield RawRecord(number, unreadable=CORRUPT_FILE)


def _records(batch: pa.RecordBatch, number: int) -> Iterator[RawRecord]:
    try:
        rows = batch.to_pylist()
    except UnicodeDecodeError:
        if batch.num_rows == 1:
            yield RawRecord(number, unreadable=INVALID_ENCODING)
            return
        for row in range(batch.num_rows):
            yield from _records(batch.slice(row, 1), number + row)
        return
    for row, fields in enumerate(rows):
        yield RawRecord(number + row, fields)
