"""Parquet: only the columns that are asked for are read, batch by batch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from navab.readers.records import RawRecord
from navab.readers.tabular import BATCH_ROWS, records_of

_BUFFER_BYTES = 1 << 20


def read_parquet(file: Any, columns: tuple[str, ...]) -> Iterator[RawRecord]:
    """Yield the rows of a seekable binary file; a damaged file ends with one unreadable record."""
    return records_of(_batches(file, columns))


def _batches(file: Any, columns: tuple[str, ...]) -> Iterator[pa.RecordBatch]:
    # By default pyarrow reads a column of all row groups before it gives the first batch.
    parquet = pq.ParquetFile(file, pre_buffer=False, buffer_size=_BUFFER_BYTES)
    present = [name for name in columns if name in parquet.schema_arrow.names]
    for group in range(parquet.num_row_groups):
        yield from parquet.iter_batches(batch_size=BATCH_ROWS, row_groups=[group], columns=present)
