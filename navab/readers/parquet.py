"""Parquet: only the columns that are asked for are read, batch by batch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from navab.readers.records import RawRecord
from navab.readers.tabular import BATCH_ROWS, records_of


def read_parquet(file: Any, columns: tuple[str, ...]) -> Iterator[RawRecord]:
    """Yield the rows of a seekable binary file; a damaged file ends with one unreadable record."""
    return records_of(_batches(file, columns))


def _batches(file: Any, columns: tuple[str, ...]) -> Iterator[pa.RecordBatch]:
    parquet = pq.ParquetFile(file)
    present = [name for name in columns if name in parquet.schema_arrow.names]
    yield from parquet.iter_batches(batch_size=BATCH_ROWS, columns=present)
