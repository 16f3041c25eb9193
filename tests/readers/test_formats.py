"""Formats and compressions: every pair is read, told by content where the ending lies."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
from collections.abc import Callable

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest

from navab.errors import ConfigurationError
from navab.options.articles import Columns
from navab.readers.formats import Encoding, encoding_of, format_of, read_records
from navab.readers.records import Limits, RawRecord
from tests.readers.pages import SENTENCES, Capture, page, warc

TEXTS = ["\n".join(SENTENCES[language]) for language in ("en", "zh", "fr", "de")]


def jsonl() -> bytes:
    return "".join(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in TEXTS).encode()


def csv_() -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerows([["text"], *([text] for text in TEXTS)])
    return out.getvalue().encode()


def parquet() -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table({"text": TEXTS}), out)
    return out.getvalue()


def arrow() -> bytes:
    out = io.BytesIO()
    with pa.ipc.new_file(out, pa.schema({"text": pa.string()})) as writer:
        writer.write_table(pa.table({"text": TEXTS}))
    return out.getvalue()


def warc_() -> bytes:
    captures = [Capture(page(language).encode()) for language in ("en", "zh", "fr", "de")]
    return warc(captures, gzip=False)


CONTENTS: dict[str, Callable[[], bytes]] = {
    "jsonl": jsonl, "csv": csv_, "parquet": parquet, "arrow": arrow, "warc": warc_,
}  # fmt: skip
COMPRESSIONS: dict[str | None, Callable[[bytes], bytes]] = {
    None: bytes,
    "gzip": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zstd": lambda content: pa.Codec("zstd").compress(content, asbytes=True),  # type: ignore[no-any-return]
}
every_compression = pytest.mark.parametrize("compression", COMPRESSIONS)
every_format = pytest.mark.parametrize("format_", CONTENTS)


def read(content: bytes, declared: str) -> list[RawRecord]:
    raw = io.BytesIO(content)
    return list(read_records(raw, encoding_of(raw, declared), Columns(), Limits()))


def texts(content: bytes, declared: str) -> list[object]:
    return [record.unreadable or record.fields["text"] for record in read(content, declared)]


@every_format
@every_compression
def test_every_format_is_read_in_every_compression(format_: str, compression: str | None) -> None:
    content = COMPRESSIONS[compression](CONTENTS[format_]())
    assert encoding_of(io.BytesIO(content), format_) == Encoding(format_, compression)
    assert texts(content, format_) == TEXTS


@pytest.mark.parametrize("format_", ["jsonl", "parquet", "arrow", "warc"])
@pytest.mark.parametrize("declared", CONTENTS)
def test_a_wrong_ending_does_no_harm(format_: str, declared: str) -> None:
    assert texts(CONTENTS[format_](), declared) == TEXTS


@pytest.mark.parametrize("declared", ["jsonl", "parquet", "arrow", "warc"])
def test_a_csv_file_of_another_ending_is_unreadable_and_no_garbage(declared: str) -> None:
    records = read(csv_(), declared)
    assert {record.unreadable for record in records} <= {"invalid_json", "corrupt_file", "corrupt_record"}


@every_format
@pytest.mark.parametrize("compression", ["gzip", "bz2", "xz", "zstd"])
def test_a_compressed_file_that_breaks_off_ends_with_an_unreadable_record(format_: str, compression: str) -> None:
    packed = COMPRESSIONS[compression](CONTENTS[format_]())
    records = read(packed[: len(packed) // 2], format_)
    assert records[-1].unreadable in ("corrupt_file", "corrupt_record")
    assert [record.number for record in records] == list(range(len(records)))


@every_format
def test_what_is_none_of_them_is_unreadable(format_: str) -> None:
    records = read(b"\x00\x01nothing that anybody knows\n" * 3, format_)
    assert all(record.unreadable or record.fields["text"] is None for record in records)


@pytest.mark.parametrize(
    ("name", "format_"),
    [
        ("a.jsonl", "jsonl"),
        ("a.NDJSON.GZ", "jsonl"),
        ("a.json.zst", "jsonl"),
        ("a.csv.xz", "csv"),
        ("a.tsv", "csv"),
        ("a.pq", "parquet"),
        ("a.parquet.gz", "parquet"),
        ("a.feather", "arrow"),
        ("2024.05/a.arrows.bz2", "arrow"),
        ("CC-NEWS-20240503103000-00001.warc.gz", "warc"),
        ("a.warc.wet.gz", "warc"),
    ],
)
def test_endings(name: str, format_: str) -> None:
    assert format_of(name) == format_


@pytest.mark.parametrize("name", ["a.json", "a.txt", "a.gz", "jsonl", "a.csv/b", "a.jsonl.zip"])
def test_other_endings_ask_for_a_format(name: str) -> None:
    with pytest.raises(ConfigurationError, match=r"format unknown by its ending .* add 'format:'"):
        format_of(name)
