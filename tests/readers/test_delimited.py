"""CSV: fields with quotes, commas and line breaks; whatever is wrong with a row costs that row only."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from navab.readers import delimited
from navab.readers.delimited import read_csv
from navab.readers.records import RawRecord

COLUMNS = ("text", "title")


def read(content: str | bytes, limit: int = 1 << 20) -> list[RawRecord]:
    encoded = content.encode() if isinstance(content, str) else content
    return list(read_csv(io.BytesIO(encoded), COLUMNS, limit))


def texts(records: list[RawRecord]) -> list[object]:
    return [record.unreadable or record.fields["text"] for record in records]


def test_the_asked_columns_are_read_by_the_names_in_the_header() -> None:
    records = read('id,title,text\r\n1,T,"a, ""b""\nc"\r\n\r\n2,,d\r\n')
    assert records == [RawRecord(0, {"text": 'a, "b"\nc', "title": "T"}), RawRecord(1, {"text": "d", "title": ""})]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_that_splits_the_header_into_known_columns(delimiter: str) -> None:
    header, row = (delimiter.join(fields) for fields in (("title", "text"), ("T", '"a,b;c\td|e"')))
    assert texts(read(f"{header}\n{row}\n")) == ["a,b;c\td|e"]


def test_a_byte_order_mark_is_no_part_of_the_first_name() -> None:
    assert texts(read("\ufefftext,title\na,b\n")) == ["a"]


def test_an_empty_file_and_a_header_alone_have_no_records() -> None:
    assert read("") == read("\n\n") == read("text,title\n") == []


def test_a_column_that_is_not_there_is_none() -> None:
    assert read("text\na\n")[0].fields == {"text": "a", "title": None}


@pytest.mark.parametrize("row", ["a", "a,b,c", 'a,"b"c', '"a'])
def test_a_row_that_may_be_cut_is_unreadable(row: str) -> None:
    assert texts(read(f"text,title\nbefore,T\n{row}\nafter,T\n")) == ["before", "invalid_csv", "after"]


def test_a_quote_that_is_never_closed_costs_its_own_line_only() -> None:
    rows = [f"text {n},T" for n in range(1000)]
    rows[10] = '"text 10,T'
    found = texts(read("text,title\n" + "\n".join(rows)))
    assert found == [f"text {n}" if n != 10 else "invalid_csv" for n in range(1000)]


def test_lines_that_all_leave_a_quote_open_are_read_a_few_times_each(monkeypatch: pytest.MonkeyPatch) -> None:
    handed_out = 0

    class Counting(delimited._Lines):
        def __next__(self) -> str:
            nonlocal handed_out
            handed_out += 1
            return super().__next__()

    monkeypatch.setattr(delimited, "_Lines", Counting)
    rows = ['x""","zz'] * 1000
    rows[500] = "after,T"
    found = texts(read("text,title\n" + "\n".join(rows)))
    assert found == ["after" if n == 500 else "invalid_csv" for n in range(1000)]
    assert handed_out < 5 * len(rows)


def test_a_row_of_several_lines_is_found_after_an_open_quote() -> None:
    assert texts(read('text,title\n"cut\na,"two\nlines"\nb,T\n')) == ["invalid_csv", "a", "b"]


def test_an_open_quote_swallows_no_more_than_the_limit() -> None:
    rows = ['"text 0,T', *(f"text {n},T" for n in range(1, 5000))]
    assert texts(read("text,title\n" + "\n".join(rows), limit=1000))[:3] == ["invalid_csv", "text 1", "text 2"]


def test_bytes_that_are_no_utf8_spoil_their_own_row_only() -> None:
    assert texts(read(b"text,title\na,T\ncaf\xe9,T\nb,T\n")) == ["a", "invalid_encoding", "b"]


def test_a_line_beyond_the_limit_is_passed_over() -> None:
    content = "text,title\na,T\n" + "x" * 5000 + ",T\nb,T\n"
    assert texts(read(content, limit=1000)) == ["a", "too_large", "b"]


def test_a_line_beyond_the_limit_is_told_after_an_open_quote_too() -> None:
    content = 'text,title\n"cut\na,T\n' + "x" * 5000 + ",T\nb,T\n"
    assert texts(read(content, limit=1000)) == ["too_large", "a", "too_large", "b"]


def test_a_long_field_is_read_up_to_the_limit() -> None:
    long = "x" * 500_000
    assert texts(read(f"text,title\n{long},T\n")) == [long]


def test_nul_is_text() -> None:
    assert texts(read("text,title\na\0b,T\n")) == ["a\0b"]


@given(st.lists(st.tuples(*[st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)] * 2), max_size=10))
def test_what_the_csv_module_writes_is_read_back(rows: list[tuple[str, str]]) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerows([COLUMNS, *rows])
    records = read(out.getvalue())
    assert [(record.fields["text"], record.fields["title"]) for record in records] == rows


@given(st.binary(max_size=200))
def test_whatever_a_file_holds_records_are_numbered_through(content: bytes) -> None:
    records = read(b"text,title\n" + content, limit=50)
    assert [record.number for record in records] == list(range(len(records)))
