"""Source files: found by path or glob, opened by what they are, each error in the user's words."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from navab.errors import ConfigurationError, StorageError
from navab.lake.storage import StorageOptions
from navab.options.articles import Columns, Source
from navab.readers.files import SourceFile, list_source, open_source
from navab.readers.formats import encoding_of, read_records
from navab.readers.records import Limits, RawRecord

OPTIONS = StorageOptions()
LINES = b"".join(json.dumps({"text": f"article {n}"}).encode() + b"\n" for n in range(5000))


def find(path: Path | str, **known: object) -> list[SourceFile]:
    return list_source(Source.model_validate({"path": str(path)} | known), OPTIONS)


def read(file: SourceFile) -> list[RawRecord]:
    with open_source(file, OPTIONS) as opened:
        return list(read_records(opened, encoding_of(opened, file.format), Columns(), Limits()))


def put(path: Path, content: bytes = LINES) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_one_file(tmp_path: Path) -> None:
    path = put(tmp_path / "a.jsonl")
    (file,) = find(path)
    assert (file.uri, file.name, file.format, file.size) == (str(path), "a.jsonl", "jsonl", len(LINES))
    assert len(read(file)) == 5000


def test_a_glob_names_files_below_its_fixed_part_in_order(tmp_path: Path) -> None:
    for name in ("2024/b.jsonl", "2023/a.jsonl", "2024/c.txt"):
        put(tmp_path / name)
    assert [file.name for file in find(tmp_path / "*" / "*.jsonl")] == ["2023/a.jsonl", "2024/b.jsonl"]
    assert [file.name for file in find(tmp_path / "**" / "*.jsonl")] == ["2023/a.jsonl", "2024/b.jsonl"]


def test_the_name_does_not_depend_on_where_the_crawl_lies(tmp_path: Path) -> None:
    for folder in ("here", "there"):
        put(tmp_path / folder / "x" / "a.jsonl")
    assert {find(tmp_path / folder / "*" / "*.jsonl")[0].name for folder in ("here", "there")} == {"x/a.jsonl"}


@pytest.mark.parametrize(
    "name", ["with space.jsonl", "新闻 – été.jsonl", "50%20#1.jsonl", "[2024] a.jsonl", "a:b.jsonl"]
)
def test_odd_names_of_files_and_folders(tmp_path: Path, name: str) -> None:
    path = put(tmp_path / name.removesuffix(".jsonl") / name)
    assert [file.name for file in find(path)] == [name]
    assert len(read(find(path)[0])) == 5000


def test_relative_paths_and_file_addresses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(tmp_path / "a.jsonl")
    monkeypatch.chdir(tmp_path)
    assert [file.uri for file in find("a.jsonl")] == [str(path)]
    assert [file.uri for file in find(f"file://{path}")] == [str(path)]


@pytest.mark.parametrize("pattern", ["link.jsonl", "*.jsonl"])
def test_a_link_is_the_file_that_it_points_to(tmp_path: Path, pattern: str) -> None:
    target = put(tmp_path / "real.data")
    (tmp_path / "link.jsonl").symlink_to(target)
    (file,) = find(tmp_path / pattern)
    assert file.size == len(LINES)
    os.utime(target, (1, 1))
    assert find(tmp_path / pattern)[0].etag != file.etag


def test_a_broken_link_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "nowhere")
    for pattern in ("link.jsonl", "*.jsonl"):
        with pytest.raises(ConfigurationError, match="matches no file"):
            find(tmp_path / pattern)


def test_the_etag_changes_with_the_content(tmp_path: Path) -> None:
    before = find(put(tmp_path / "a.jsonl"))[0].etag
    assert find(put(tmp_path / "a.jsonl", LINES + b"{}"))[0].etag != before


def test_nothing_matches(tmp_path: Path) -> None:
    for pattern in ("none.jsonl", "*.jsonl", "none/*.jsonl"):
        with pytest.raises(ConfigurationError, match=r"source .*\.jsonl matches no file"):
            find(tmp_path / pattern)


def test_a_folder_instead_of_a_file(tmp_path: Path) -> None:
    for path in (tmp_path, f"{tmp_path}/"):
        with pytest.raises(ConfigurationError, match=rf"is a folder: write {tmp_path}/\*\.jsonl"):
            find(path)


def test_a_file_as_a_folder_is_a_storage_error(tmp_path: Path) -> None:
    put(tmp_path / "a.jsonl")
    with pytest.raises(StorageError, match="cannot be listed: Not a directory"):
        find(tmp_path / "a.jsonl" / "b.jsonl")


def test_an_unknown_ending_asks_for_a_format(tmp_path: Path) -> None:
    path = put(tmp_path / "dump.data")
    with pytest.raises(ConfigurationError, match=r"format unknown by its ending .*\.parquet.*add 'format:'"):
        find(path)
    assert len(read(find(path, format="jsonl")[0])) == 5000


@pytest.mark.parametrize("ending", [".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz", ".json.gz"])
@pytest.mark.parametrize("packed", [False, True])
def test_gzip_is_told_by_content_not_by_name(tmp_path: Path, ending: str, packed: bool) -> None:
    path = put(tmp_path / f"a{ending}", gzip.compress(LINES) if packed else LINES)
    records = read(find(path)[0])
    assert [record.fields["text"] for record in records] == [f"article {n}" for n in range(5000)]


def test_gzip_files_one_after_the_other_are_one_file(tmp_path: Path) -> None:
    path = put(tmp_path / "a.jsonl.gz", gzip.compress(LINES) + gzip.compress(LINES) + b"\0" * 512)
    assert len(read(find(path)[0])) == 10_000


def test_an_empty_file_has_no_records(tmp_path: Path) -> None:
    for name in ("a.jsonl", "a.jsonl.gz"):
        assert read(find(put(tmp_path / name, b""))[0]) == []
    assert read(find(put(tmp_path / "b.jsonl.gz", gzip.compress(b"")))[0]) == []


def test_a_broken_off_gzip_file_keeps_what_came_before(tmp_path: Path) -> None:
    packed = gzip.compress(LINES)
    records = read(find(put(tmp_path / "a.jsonl.gz", packed[: len(packed) // 2]))[0])
    assert len(records) > 1000
    assert records[-1].unreadable == "corrupt_file"
    assert all(record.unreadable is None for record in records[:-1])


def test_garbage_after_a_gzip_file_spoils_no_record(tmp_path: Path) -> None:
    records = read(find(put(tmp_path / "a.jsonl.gz", gzip.compress(LINES) + b"garbage" * 10))[0])
    assert [record.unreadable for record in records] == [None] * 5000 + ["corrupt_file"]


def test_a_damaged_gzip_file_ends_as_an_unreadable_record(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(LINES))
    packed[len(packed) // 2] ^= 0xFF
    records = read(find(put(tmp_path / "a.jsonl.gz", bytes(packed)))[0])
    assert records[-1].unreadable == "corrupt_file"


def test_parquet_in_gzip(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": ["a", "b"]}), tmp_path / "a.parquet")
    path = put(tmp_path / "b.parquet.gz", gzip.compress((tmp_path / "a.parquet").read_bytes()))
    assert [record.fields["text"] for record in read(find(path, format="parquet")[0])] == ["a", "b"]


def test_a_file_that_is_gone_is_a_storage_error(tmp_path: Path) -> None:
    path = put(tmp_path / "a.jsonl")
    (file,) = find(path)
    path.unlink()
    with pytest.raises(StorageError, match=f"source file {path} cannot be opened: No such file"):
        read(file)


def test_a_store_that_fails_while_reading_is_a_storage_error(tmp_path: Path) -> None:
    (file,) = find(put(tmp_path / "a.jsonl"))
    failing = pytest.raises(StorageError, match=f"source file {file.uri} cannot be read: Input/output error")
    with failing, open_source(file, OPTIONS):
        raise OSError(5, "Input/output error")
