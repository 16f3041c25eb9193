"""Arrow IPC, as a file (also Feather version 2) or as a stream: only the columns asked for, batch by batch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.ipc

from navab.readers.records import RawRecord
from navab.readers.tabular import records_of

FILE_MAGIC = b"ARROW1"


def read_arrow(file: Any, columns: tuple[str, ...]) -> Iterator[RawRecord]:
    """Yield the rows of a seekable binary file; a damaged file ends with one unreadable record."""
    return records_of(_batches(file, columns))


def _batches(file: Any, columns: tuple[str, ...]) -> Iterator[pa.RecordBatch]:
    file.seek(0)
    is_file = file.read(len(FILE_MAGIC)) == FILE_MAGIC
    open_ipc = pa.ipc.open_file if is_file else pa.ipc.open_stream
    file.seek(0)
    schema = open_ipc(file).schema
    wanted = [index for index, name in enumerate(schema.names) if name in columns]
    file.seek(0)
    # No field included means all fields to pyarrow: a file without any column asked for still has rows.
    options = pa.ipc.IpcReadOptions(included_fields=wanted or [0])
    reader = open_ipc(file, options=options)
    for batch in (reader.get_batch(number) for number in range(reader.num_record_batches)) if is_file else reader:
        asked = batch.select([] if not wanted else batch.schema.names)
        _validate(asked)
        yield asked


def _validate(batch: pa.RecordBatch) -> None:
    """Check offsets and sizes, without which damage would be read from anywhere in memory; not UTF-8."""
    for column in batch.columns:
        kind = column.type
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            column.validate()
            column.view(pa.binary() if pa.types.is_string(kind) else pa.large_binary()).validate(full=True)
        else:
            column.validate(full=True)
