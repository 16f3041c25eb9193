"""Parquet: rows of the asked columns, whatever their types; damage ends as an unreadable record."""

from __future__ import annotations

import datetime
import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from navab.readers.parquet import read_parquet
from navab.readers.records import RawRecord

COLUMNS = ("text", "title", "published_at")


def write(table: pa.Table) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out, row_group_size=1000)
    return out.getvalue()


def read(content: bytes) -> list[RawRecord]:
    return list(read_parquet(io.BytesIO(content), COLUMNS))


def test_rows_are_records() -> None:
    table = pa.table({"text": ["a", None], "title": ["T", "U"], "other": [1, 2]})
    assert read(write(table)) == [
        RawRecord(0, {"text": "a", "title": "T"}),
        RawRecord(1, {"text": None, "title": "U"}),
    ]


def test_rows_without_any_asked_column_are_records_too() -> None:
    records = read(write(pa.table({"other": [1, 2, 3]})))
    assert [record.fields for record in records] == [{}, {}, {}]


def test_an_empty_table_has_no_records() -> None:
    assert read(write(pa.table({"text": pa.array([], pa.string())}))) == []


def test_all_rows_of_many_row_groups_are_numbered_through() -> None:
    records = read(write(pa.table({"text": [str(n) for n in range(2500)]})))
    assert [(record.number, record.fields["text"]) for record in records] == [(n, str(n)) for n in range(2500)]


def test_other_types_come_as_python_knows_them() -> None:
    table = pa.table(
        {
            "text": pa.array(["a"]).dictionary_encode(),
            "title": pa.array([{"en": "T"}]),
            "published_at": pa.array([datetime.date(2024, 5, 1)]),
        }
    )
    assert read(write(table))[0].fields == {
        "text": "a",
        "title": {"en": "T"},
        "published_at": datetime.date(2024, 5, 1),
    }


def test_nanoseconds_do_no_harm() -> None:
    times = pa.array([1_714_521_600_000_000_001], pa.timestamp("ns"))
    record = read(write(pa.table({"text": ["a"], "published_at": times})))[0]
    assert record.fields["published_at"].isoformat().startswith("2024-05-01T00:00:00")


def test_bytes_that_are_no_text_spoil_their_own_row_only() -> None:
    texts = pa.StringArray.from_buffers(3, pa.array([0, 1, 3, 4], pa.int32()).buffers()[1], pa.py_buffer(b"a\xff\xfeb"))
    records = read(write(pa.table({"text": texts})))
    assert [record.number for record in records] == [0, 1, 2]
    assert [record.fields.get("text") for record in records] == ["a", None, "b"]
    assert [record.unreadable for record in records] == [None, "invalid_encoding", None]


@pytest.mark.parametrize("content", [b"", b"PAR1", b"no parquet at all" * 10], ids=["empty", "short", "other"])
def test_what_is_no_parquet_is_one_unreadable_record(content: bytes) -> None:
    assert read(content) == [RawRecord(0, unreadable="corrupt_file")]


def test_a_damaged_footer_is_one_unreadable_record() -> None:
    content = write(pa.table({"text": ["a"] * 10}))
    footer = int.from_bytes(content[-8:-4], "little")
    damaged = content[: -8 - footer] + b"\xff" * footer + content[-8:]
    assert read(damaged) == [RawRecord(0, unreadable="corrupt_file")]
    assert read(content[: len(content) // 2]) == [RawRecord(0, unreadable="corrupt_file")]


def test_a_name_that_is_no_text_is_damage() -> None:
    content = write(pa.table({"text": ["a"], "title": ["T"]}))
    assert read(content.replace(b"title", b"ti\xfftl")) == [RawRecord(0, unreadable="corrupt_file")]


def test_damage_in_the_middle_keeps_the_rows_before_it() -> None:
    table = pa.table({"text": [f"{n:05d}" * 20 for n in range(6000)]})
    content = bytearray(write(table))
    middle = len(content) // 2
    content[middle : middle + 400] = b"\xff" * 400
    records = read(bytes(content))
    assert 1000 <= len(records) < 6000
    assert records[0].fields["text"] == "00000" * 20
    assert records[-1].unreadable == "corrupt_file"
    assert [record.number for record in records] == list(range(len(records)))


def test_a_store_that_fails_is_no_damaged_file(tmp_path: Path) -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise ConnectionResetError(104, "Connection reset by peer")

    with pytest.raises(ConnectionResetError):
        list(read_parquet(Failing(write(pa.table({"text": ["a"]}))), COLUMNS))
