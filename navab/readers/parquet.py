"""Parquet: only the columns that are asked for are read, batch by batch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from navab.readers.records import CORRUPT_FILE, RawRecord

_BATCH_ROWS = 1024


def read_parquet(file: Any, columns: tuple[str, ...]) -> Iterator[RawRecord]:
    """Yield the rows of a seekable binary file; a damaged file ends with one unreadable record."""
    number = 0
    try:
        parquet = pq.ParquetFile(file)
        present = [name for name in columns if name in parquet.schema_arrow.names]
        for batch in parquet.iter_batches(batch_size=_BATCH_ROWS, columns=present):
            for fields in batch.to_pylist():
                yield RawRecord(number, fields)
                number += 1
    except (pa.ArrowException, OSError):
        yield RawRecord(number, unreadable=CORRUPT_FILE)
