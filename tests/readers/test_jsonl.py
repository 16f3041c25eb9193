"""JSON Lines: whatever a file holds, every record is accounted for and nothing raises."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from navab.readers.jsonl import read_jsonl
from navab.readers.records import RawRecord

COLUMNS = ("text", "title")
MARK = b"\xef\xbb\xbf"  # byte order mark


def read(content: bytes) -> list[RawRecord]:
    return list(read_jsonl(io.BytesIO(content), COLUMNS))


def test_the_asked_columns_are_read_and_blank_lines_are_no_records() -> None:
    records = read(b'\n{"text": "a", "other": 1}\n\n  \r\n{"text": "b", "title": "T"}')
    assert records == [RawRecord(0, {"text": "a", "title": None}), RawRecord(1, {"text": "b", "title": "T"})]


def test_a_byte_order_mark_is_no_part_of_a_record() -> None:
    assert read(MARK + b'{"text": "a"}\n')[0].fields["text"] == "a"
    assert read(MARK + b'\n{"text": "a"}\n')[0].fields["text"] == "a"
    joined = read(MARK + b'{"text": "a"}\n' + MARK + b'{"text": "b"}\n')
    assert [record.fields.get("text") for record in joined] == ["a", "b"]


def test_an_empty_file_has_no_records() -> None:
    assert read(b"") == []
    assert read(b"\n\n\n") == []


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{'text': 'a'}", "invalid_json"),
        (b'{"text": "a"', "invalid_json"),
        (b'{"text": "a"} {"text": "b"}', "invalid_json"),
        (b'{"text": "a\x00b"}', "invalid_json"),
        (b"\x00\x00\x00", "invalid_json"),
        (b"[" * 100_000 + b"]" * 100_000, "invalid_json"),
        (b'{"views": ' + b"9" * 5000 + b"}", "invalid_json"),
        (b'{"text": "caf\xe9"}', "invalid_encoding"),
        ('{"text": "a"}'.encode("utf-16"), "invalid_encoding"),
        (b'["text"]', "not_an_object"),
        (b'"text"', "not_an_object"),
        (b"null", "not_an_object"),
        (b"17", "not_an_object"),
    ],
    ids=lambda value: value[:24] if isinstance(value, bytes) else value,
)
def test_a_bad_line_is_one_unreadable_record_between_good_ones(line: bytes, reason: str) -> None:
    before, bad, after = read(b'{"text": "a"}\n' + line + b'\n{"text": "b"}\n')
    assert (before.fields["text"], after.fields["text"]) == ("a", "b")
    assert (bad.number, bad.unreadable, bad.fields) == (1, reason, {})


def test_an_escaped_nul_is_text() -> None:
    assert read(b'{"text": "a\\u0000b"}')[0].fields["text"] == "a\0b"


@pytest.mark.parametrize("value", ['"\\ud800"', "NaN", "1e400", "[" * 900 + "]" * 900, "9" * 40])
def test_a_value_that_only_the_standard_library_reads_spoils_no_record(value: str) -> None:
    (record,) = read(f'{{"text": "a", "title": {value}}}'.encode())
    assert record.fields["text"] == "a"
    assert repr(record.fields["title"]) == repr(json.loads(value))


def test_a_broken_off_last_line_is_one_unreadable_record() -> None:
    records = read(b'{"text": "a"}\n{"text": "b')
    assert [record.unreadable for record in records] == [None, "invalid_json"]


@given(st.lists(st.binary(max_size=30).filter(lambda line: b"\n" not in line), max_size=12))
def test_every_line_that_is_not_blank_is_one_record(lines: list[bytes]) -> None:
    records = read(b"\n".join(lines))
    assert [record.number for record in records] == list(
        range(sum(bool(line.removeprefix(MARK).strip()) for line in lines))
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(st.lists(st.fixed_dictionaries({}, optional={"text": JSON, "title": JSON, "other": JSON}), max_size=8))
def test_what_json_holds_is_read_back(rows: list[dict[str, object]]) -> None:
    records = read("\n".join(json.dumps(row) for row in rows).encode())
    assert [record.unreadable for record in records] == [None] * len(rows)
    for record, row in zip(records, rows, strict=True):
        expected = json.loads(json.dumps({name: row.get(name) for name in COLUMNS}))
        assert json.dumps(record.fields) == json.dumps(expected)  # as text, since NaN differs from itself
