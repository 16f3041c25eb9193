"""Arrow IPC, as a file (also Feather version 2) or as a stream: only the columns asked for, piece by piece.

A file may be a single batch, so batches are not read but mapped, and what was touched of them is let go. Only of
batches whose buffers are compressed the asked columns are in memory as a whole.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.ipc

from navab.readers.mapped import mapped
from navab.readers.records import RawRecord
from navab.readers.tabular import pieces, records_of

FILE_MAGIC = b"ARROW1"
# Places of fields in the tables of Arrow's File.fbs and Message.fbs
_BATCHES_OF_FOOTER, _HEADER_OF_MESSAGE, _COMPRESSION_OF_BATCH = 3, 2, 3
_USHORT, _UINT, _INT, _LONG = map(struct.Struct, ("<H", "<I", "<i", "<q"))


def read_arrow(file: Any, columns: tuple[str, ...]) -> Iterator[RawRecord]:
    """Yield the rows of a seekable binary file; a damaged file ends with one unreadable record."""
    return records_of(_pieces(file, columns))


def _pieces(file: Any, columns: tuple[str, ...]) -> Iterator[pa.RecordBatch]:
    file.seek(0)
    with mapped(file) as (content, let_go):
        for batch in _batches(content, columns):
            _validate(batch)
            for piece in pieces(batch):
                yield piece
                let_go()


def _batches(content: pa.Buffer, columns: tuple[str, ...]) -> Iterator[pa.RecordBatch]:
    is_file = content[: len(FILE_MAGIC)].to_pybytes() == FILE_MAGIC
    open_ipc = pa.ipc.open_file if is_file else pa.ipc.open_stream
    names = open_ipc(content).schema.names
    wanted = [index for index, name in enumerate(names) if name in columns]
    # To include fields copies them if they are those of a file, and saves unpacking the others.
    include = not is_file or _is_compressed(content)
    # No field included means all fields to pyarrow: a file without any column asked for still has rows.
    options = pa.ipc.IpcReadOptions(included_fields=wanted or [0]) if include else None
    reader = open_ipc(content, options=options)
    for batch in (reader.get_batch(number) for number in range(reader.num_record_batches)) if is_file else reader:
        yield batch.select([name for name in batch.schema.names if name in columns])


def _is_compressed(file: pa.Buffer) -> bool:
    """Whether the buffers of a file's first batch are compressed; of a file that pyarrow has opened."""
    message = _first_batch(file)
    if message is None:
        return False
    metadata = message.metadata.to_pybytes()
    header = _field(metadata, _UINT.unpack_from(metadata)[0], _HEADER_OF_MESSAGE)
    batch = header + _UINT.unpack_from(metadata, header)[0]
    return _field(metadata, batch, _COMPRESSION_OF_BATCH) != 0


def _first_batch(file: pa.Buffer) -> pa.ipc.Message | None:
    """The message to which the index at a file's end leads first; null if the file has no batch."""
    end = file.size - _UINT.size - len(FILE_MAGIC)
    (size,) = _UINT.unpack(file[end : end + _UINT.size].to_pybytes())
    footer = file[end - size : end].to_pybytes()
    batches = _field(footer, _UINT.unpack_from(footer)[0], _BATCHES_OF_FOOTER)
    vector = batches + _UINT.unpack_from(footer, batches)[0] if batches else 0
    if not vector or not _UINT.unpack_from(footer, vector)[0]:
        return None
    (start,) = _LONG.unpack_from(footer, vector + _UINT.size)
    return pa.ipc.read_message(file[start:]) if 0 <= start < end else None


def _field(metadata: bytes, table: int, number: int) -> int:
    """Where a field of a FlatBuffers table lies, 0 if the table does not have it."""
    layout = table - _INT.unpack_from(metadata, table)[0]
    (size,) = _USHORT.unpack_from(metadata, layout)
    place = 2 * _USHORT.size + number * _USHORT.size
    offset = int(_USHORT.unpack_from(metadata, layout + place)[0]) if place < size else 0
    return table + offset if offset else 0


def _validate(batch: pa.RecordBatch) -> None:
    """Check offsets and sizes, without which damage would be read from anywhere in memory; not UTF-8."""
    for column in batch.columns:
        kind = column.type
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            column.validate()
            column.view(pa.binary() if pa.types.is_string(kind) else pa.large_binary()).validate(full=True)
        else:
            column.validate(full=True)
