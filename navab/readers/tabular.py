"""What Parquet and Arrow share: record batches to records, and which errors mean a damaged file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import pyarrow as pa

from navab.readers.records import (
    CORRUPT_FILE,
    INVALID_ENCODING,
    WRONG_TYPE,
    DamagedFileError,
    RawRecord,
    is_store_failure,
)

BATCH_ROWS = 1024
PIECE_BYTES = 16 << 20


def records_of(batches: Iterable[pa.RecordBatch]) -> Iterator[RawRecord]:
    """Number the rows of batches as records; damage ends as one unreadable record."""
    number = 0
    try:
        with arrow_damage():
            for batch in batches:
                for piece in pieces(batch):
                    for record in _records(piece, number):
                        yield record
                        number += 1
    except DamagedFileError:
        yield RawRecord(number, unreadable=CORRUPT_FILE)


def pieces(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Part a batch into what is converted at once: a thousand rows, and fewer if they are large."""
    for start in range(0, batch.num_rows, BATCH_ROWS):
        yield from _small(batch.slice(start, BATCH_ROWS))


def _small(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    if batch.num_rows < 2 or batch.nbytes <= PIECE_BYTES:
        yield batch
        return
    half = batch.num_rows // 2
    yield from _small(batch.slice(0, half))
    yield from _small(batch.slice(half))


@contextmanager
def arrow_damage() -> Iterator[None]:
    """Turn pyarrow's errors about content into DamagedFileError; a store that fails raises as before."""
    try:
        yield
    except (pa.ArrowException, EOFError, UnicodeDecodeError) as error:  # the last one for a column's name
        raise DamagedFileError(str(error)) from error
    except OSError as error:
        if is_store_failure(error):
            raise
        raise DamagedFileError(str(error)) from error


def _records(batch: pa.RecordBatch, number: int) -> Iterator[RawRecord]:
    try:
        rows = batch.to_pylist()
    except (ValueError, OverflowError) as error:  # bytes that are no UTF-8, or a time that no calendar has
        if batch.num_rows == 1:
            reason = INVALID_ENCODING if isinstance(error, UnicodeDecodeError) else WRONG_TYPE
            yield RawRecord(number, unreadable=reason)
            return
        for row in range(batch.num_rows):
            yield from _records(batch.slice(row, 1), number + row)
        return
    for row, fields in enumerate(rows):
        yield RawRecord(number + row, fields)
