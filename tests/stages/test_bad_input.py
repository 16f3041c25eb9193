"""Bad input as people have it: every record is a row, readable or with a reason, and the run goes on."""

from __future__ import annotations

import datetime
import gzip
import json
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from navab.view import View
from tests.inprocess import TEXTS, article, open_small, rows, run_until, write_jsonl


def read(folder: Path, path: Path | str, **settings: object) -> pl.DataFrame:
    """The rows of a source's records, in order."""
    view: View = open_small(folder, sources=[{"path": str(path)}], **settings)
    run_until(view, "articles")
    found = rows(view, "articles").sort("path", "record_no")
    assert rows(view, "files")["records"].sum() == found.height
    return found


def reasons(found: pl.DataFrame) -> list[str | None]:
    return found["rejected_reason"].to_list()


def line(**fields: object) -> bytes:
    return json.dumps(article(**fields), ensure_ascii=False).encode() + b"\n"  # type: ignore[arg-type]


def test_an_article_of_50_megabytes(tmp_path: Path) -> None:
    huge = line(text=TEXTS["en"] * (50_000_000 // len(TEXTS["en"])))
    (tmp_path / "a.jsonl").write_bytes(line() + huge + line())
    assert reasons(read(tmp_path, tmp_path / "a.jsonl")) == [None, "too_long", None]


def test_a_record_beyond_the_limit(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(line() + line(text="x" * (3 << 20)) + line()))
    found = read(tmp_path, tmp_path / "a.jsonl.gz", articles={"max_record_mb": 2})
    assert reasons(found) == [None, "too_large", None]


def test_invalid_utf8_and_nul_bytes(tmp_path: Path) -> None:
    nul = line().replace(b"The minister", b"The \\u0000minister")
    (tmp_path / "a.jsonl").write_bytes(line() + b'{"text": "caf\xe9"}\n' + b"\0\0\0\n" + nul)
    found = read(tmp_path, tmp_path / "a.jsonl")
    assert reasons(found) == [None, "invalid_encoding", "invalid_json", None]
    assert found["text"][3] == TEXTS["en"]


def test_of_a_repeated_key_the_last_value_counts(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(line()[:-2] + b', "title": "The last"}\n')
    assert read(tmp_path, tmp_path / "a.jsonl")["title"].to_list() == ["The last"]


def test_a_wrong_ending(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": [TEXTS["en"]], "nation": ["uk"]}), tmp_path / "a.jsonl")
    (tmp_path / "b.jsonl").write_text(f'text,nation\n"{TEXTS["en"]}",uk\n', "utf-8")
    found = read(tmp_path, tmp_path / "*.jsonl")
    assert reasons(found) == [None, "invalid_json", "invalid_json"]


def test_files_of_different_schemas_in_one_glob(tmp_path: Path) -> None:
    text = TEXTS["en"]
    tables = {
        "a": {"text": pa.array([text], pa.large_string()), "id": [1], "published_at": [datetime.date(2024, 5, 3)]},
        "b": {"text": pa.array([text]).dictionary_encode(), "published_at": [datetime.datetime(2024, 5, 3)]},
        "c": {"published_at": ["3 May 2024"], "text": [text], "more": [{"x": [1]}], "id": ["1"]},
        "d": {"body": [text]},
        "e": {"text": [[text]]},
        "f": {"text": [text.encode()]},
        "g": {"text": [text], "published_at": [1714694400]},
    }  # fmt: skip
    for name, columns in tables.items():
        count = {"nation": ["uk"]}
        pq.write_table(pa.table(columns | count), tmp_path / f"{name}.parquet")
    found = read(tmp_path, tmp_path / "*.parquet")
    assert reasons(found) == [None, None, None, "missing_text", "wrong_type", "wrong_type", None]
    days = found.filter(pl.col("rejected_reason").is_null())["published_at"].dt.date()
    assert set(days) == {datetime.date(2024, 5, 3)}


def test_links_blanks_and_letters_of_every_script_in_paths(tmp_path: Path) -> None:
    folder = tmp_path / "my crawl – été 新闻"
    write_jsonl(folder / "a b.jsonl", [article()])
    (folder / "链接.jsonl").symlink_to(folder / "a b.jsonl")
    (tmp_path / "linked").symlink_to(folder)
    assert reasons(read(tmp_path, tmp_path / "linked" / "*.jsonl")) == [None, None]


def test_a_document_of_many_articles_is_no_json_lines(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps([article(), article()], indent=1), "utf-8")
    assert set(reasons(read(tmp_path, tmp_path / "a.jsonl"))) == {"invalid_json"}
