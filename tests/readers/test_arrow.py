"""Arrow IPC, as file and as stream: rows of the asked columns; damage ends as an unreadable record."""

from __future__ import annotations

import io
from pathlib import Path

import pyarrow as pa
import pyarrow.ipc
import pytest

from navab.readers.arrow import read_arrow
from navab.readers.records import RawRecord
from navab.readers.tabular import BATCH_ROWS, PIECE_BYTES, pieces

COLUMNS = ("text", "title")
WRITERS = {"file": pa.ipc.new_file, "stream": pa.ipc.new_stream}
kinds = pytest.mark.parametrize("kind", WRITERS)


def write(table: pa.Table, kind: str, compression: str | None = None) -> bytes:
    out = io.BytesIO()
    with WRITERS[kind](out, table.schema, options=pa.ipc.IpcWriteOptions(compression=compression)) as writer:
        writer.write_table(table, max_chunksize=1000)
    return out.getvalue()


def read(content: bytes) -> list[RawRecord]:
    return list(read_arrow(io.BytesIO(content), COLUMNS))


@kinds
@pytest.mark.parametrize("compression", [None, "zstd", "lz4"])
def test_rows_are_records(kind: str, compression: str | None) -> None:
    table = pa.table({"other": [1, 2], "title": ["T", "U"], "text": ["a", None]})
    assert read(write(table, kind, compression)) == [
        RawRecord(0, {"title": "T", "text": "a"}),
        RawRecord(1, {"title": "U", "text": None}),
    ]


@kinds
def test_rows_without_any_asked_column_are_records_too(kind: str) -> None:
    assert [record.fields for record in read(write(pa.table({"other": [1, 2]}), kind))] == [{}, {}]


@kinds
def test_all_rows_of_many_batches_are_numbered_through(kind: str) -> None:
    records = read(write(pa.table({"text": [str(n) for n in range(2500)]}), kind))
    assert [(record.number, record.fields["text"]) for record in records] == [(n, str(n)) for n in range(2500)]


@kinds
def test_strings_of_every_type_are_read(kind: str) -> None:
    for type_ in (pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())):
        table = pa.table({"text": pa.array(["a", "b", "a"], type_)})
        assert [record.fields["text"] for record in read(write(table, kind))] == ["a", "b", "a"]


@kinds
def test_bytes_that_are_no_text_spoil_their_own_row_only(kind: str) -> None:
    texts = pa.StringArray.from_buffers(3, pa.array([0, 1, 3, 4], pa.int32()).buffers()[1], pa.py_buffer(b"a\xff\xfeb"))
    records = read(write(pa.table({"text": texts}), kind))
    assert [record.unreadable or record.fields["text"] for record in records] == ["a", "invalid_encoding", "b"]


@kinds
def test_a_file_of_one_batch_is_not_held_in_memory(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "one.arrow"
    table = pa.table({"text": ["x" * 4000] * 4000, "unused": ["x" * 1000] * 4000})
    with WRITERS[kind](path, table.schema) as writer:
        writer.write_table(table)
    del table
    before = pa.total_allocated_bytes()
    with path.open("rb") as file:
        held = [pa.total_allocated_bytes() - before for _ in read_arrow(file, COLUMNS)]
    assert len(held) == 4000
    assert max(held) < 1 << 20


@kinds
def test_of_compressed_batches_only_the_asked_columns_are_unpacked(kind: str) -> None:
    content = write(pa.table({"text": ["a"] * 1000, "unused": ["x" * 10_000] * 1000}), kind, "zstd")
    before = pa.total_allocated_bytes()
    held = [pa.total_allocated_bytes() - before for _ in read_arrow(io.BytesIO(content), COLUMNS)]
    assert len(held) == 1000
    assert max(held) < 1 << 20


@kinds
def test_files_of_the_first_versions_of_arrow_are_read(kind: str) -> None:
    out = io.BytesIO()
    table = pa.table({"text": ["a", "b"]})
    with WRITERS[kind](out, table.schema, options=pa.ipc.IpcWriteOptions(use_legacy_format=True)) as writer:
        writer.write_table(table)
    assert [record.fields["text"] for record in read(out.getvalue())] == ["a", "b"]


def test_large_rows_are_converted_a_few_at_a_time() -> None:
    batch = pa.record_batch({"text": ["x" * 1_000_000] * 50 + ["y"] * 1500})
    parts = list(pieces(batch))
    assert pa.Table.from_batches(parts).equals(pa.Table.from_batches([batch]))
    assert all(part.nbytes <= PIECE_BYTES and part.num_rows <= BATCH_ROWS for part in parts)


@kinds
def test_a_file_that_breaks_off_is_told(kind: str) -> None:
    content = write(pa.table({"text": [f"{n:06d}" * 20 for n in range(5000)]}), kind)
    records = read(content[: len(content) // 2])
    assert records[-1].unreadable == "corrupt_file"
    assert len(records) == (1 if kind == "file" else 2001)  # a file's index is at its end


@pytest.mark.parametrize("content", [b"", b"ARROW1", b"\xff\xff\xff\xff", b"no arrow at all" * 10])
def test_what_is_no_arrow_is_one_unreadable_record(content: bytes) -> None:
    assert read(content) == [RawRecord(0, unreadable="corrupt_file")]


@kinds
def test_offsets_that_lead_out_of_the_buffer_are_damage(kind: str) -> None:
    content = write(pa.table({"text": ["abcdefgh"] * 8}), kind)
    offsets = b"".join((8 * n).to_bytes(4, "little") for n in range(9))
    wild = offsets[:16] + (2**31 - 1).to_bytes(4, "little") + offsets[20:]
    assert offsets in content
    assert read(content.replace(offsets, wild)) == [RawRecord(0, unreadable="corrupt_file")]
