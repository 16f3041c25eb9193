"""A lake of schema version 1 goes on under today's navab: read as it is, brought up to date by the next run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import polars.selectors as cs
import pytest

import navab as package
from navab import cli
from navab.lake.schema import load_schema, schema_version
from navab.stages.base import Selection
from navab.view import View
from tests.inprocess import article, run_until, write_jsonl
from tests.lakes import tables
from tests.oldlakes import declared_otherwise, files, unpack, view_of

# What depends on where the source file lies and when it was written, and what stays as it was first decided.
APART = {
    "files": ["uri", "etag", "name", "fingerprint"],
    "articles": ["record_id", "path", "fingerprint"],
    "triples": ["group_id", "split"],
    "topics": ["topic_id"],
    "article_topics": ["topic_id", "fingerprint"],
    "screening": ["topic_id", "fingerprint"],
}
# A topic keeps the id that it had in the old lake, so that all rows that name it differ from those of a fresh build.
OF_TOPICS = ("article_topics", "screening")
ONE_TOPIC = "topics.min_cluster_size=40"  # more would hold on to those of the old lake


def run(*arguments: str | Path) -> int:
    """The command in this process; its exit code."""
    return cli._run([str(argument) for argument in arguments])


def old_columns(frames: dict[str, pl.DataFrame], old: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """The rows in their old columns, without those that differ from lake to lake.

    Computed numbers are left out: the old lake's were computed by another processor, and their last bits differ.
    """
    computed = cs.float() | cs.by_dtype(pl.List(pl.Float32))
    plain = {name: frames[name].select(old[name].drop(APART.get(name, [])).drop(computed).columns) for name in old}
    return {name: frame.sort(_scalars(frame), nulls_last=True) for name, frame in plain.items()}


def _scalars(frame: pl.DataFrame) -> list[str]:
    return [name for name in frame.columns if not isinstance(frame.schema[name], pl.List)]


def test_an_old_lake_is_read_without_changing_it(old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lake = old.parent / "lake"
    before = files(lake)
    assert run("status", "--config", old) == 0
    assert "triples" in capsys.readouterr().out
    assert run("run", "--plan", "--config", old) == 0
    assert run("topics", "export", old.parent / "topics.csv", "--config", old) == 0
    assert run("report", "--config", old, "--output", old.parent / "report.html") == 0
    assert (old.parent / "report.html").stat().st_size > 10_000
    assert package.load_release(str(lake / "releases" / "old")).height > 20
    assert files(lake) == before


def without_claims(found: dict[str, bytes]) -> dict[str, bytes]:
    """Files but for the claim that everybody takes who may write a release."""
    return {name: content for name, content in found.items() if not name.startswith("release-claims/")}


def test_another_schema_version_alone_makes_no_other_release(
    old: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("release", "--config", old) == 0
    before = without_claims(files(old.parent / "lake"))
    capsys.readouterr()
    with declared_otherwise(old.parent / "schemas", monkeypatch):
        assert run("release", "--config", old) == 0
    assert "unchanged" in capsys.readouterr().out
    assert without_claims(files(old.parent / "lake")) == before


def test_a_run_brings_it_up_to_date_and_makes_nothing_anew(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = unpack(1, tmp_path / "old")
    lake = old.parent / "lake"
    before = tables(lake)
    view = view_of(
        old, f"sources=[{{path: {old.parent}/uk.jsonl, crawl: crawl-1}}]", f"lake={old.parent}/fresh", ONE_TOPIC
    )
    run_until(view, "triples")
    fresh = tables(old.parent / "fresh")

    run_until(view_of(old, ONE_TOPIC), "triples")  # rows whose stage has a newer version since; none if none has
    assert run("run", "--config", old, "--set", ONE_TOPIC) == 0
    assert "lake: table files: column format added" in capsys.readouterr().err
    record = json.loads((lake / "schema.json").read_text("utf-8"))
    assert record["version"] == schema_version()
    assert "table files: column format added" in record["history"][-1]["changes"]

    after = tables(lake)
    assert after["files"]["format"].to_list() == [None]
    assert fresh["files"]["format"].to_list() == ["jsonl"]
    assert before.keys() <= after.keys() <= fresh.keys()
    old_rows, new_rows, fresh_rows = (old_columns(one, before) for one in (before, after, fresh))
    for name in before:
        made = fresh_rows[name] if name in OF_TOPICS else _unlike(fresh_rows[name], old_rows[name])
        assert _unlike(fresh_rows[name], new_rows[name]).is_empty(), f"{name}: rows of a fresh build are missing"
        if load_schema(name).kind == "row":
            assert new_rows[name].height == old_rows[name].height + made.height, f"{name}: rows were made in vain"


def _unlike(left: pl.DataFrame, right: pl.DataFrame) -> pl.DataFrame:
    """Rows of the left that the right does not have."""
    text = [pl.struct(pl.all()).struct.json_encode().alias("row")]
    return left.select(text).join(right.select(text), on="row", how="anti")


def test_new_rows_have_the_new_column(old: Path) -> None:
    assert run("run", "--config", old, "--until", "articles") == 0
    source = write_jsonl(old.parent / "more" / "a.jsonl", [article()])
    view = view_of(old, f"sources=[{{path: {source}, crawl: crawl-2}}]")
    run_until(view, "duplicates")
    formats = pl.read_delta(str(old.parent / "lake" / "tables" / "files"))["format"]
    assert sorted(formats, key=str) == [None, "jsonl"]


def widened(document: Any) -> None:
    """Give a table a column, and the structs in it a field, that no file has."""
    extra = {"name": "extra", "type": "string", "nullable": True, "description": "Added by a test"}
    for column in document["columns"]:
        if column.get("fields"):
            column["fields"].append(extra)
    document["columns"].insert(1, extra)


def test_every_way_of_reading_gives_nulls_for_what_old_files_lack(
    old: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lake = old.parent / "lake"
    names = sorted(folder.name for folder in (lake / "tables").iterdir())
    before, stored = files(lake / "tables"), tables(lake)
    changes: dict[str, Any] = dict.fromkeys(names, widened)
    with declared_otherwise(old.parent / "schemas", monkeypatch, **changes):
        for command in ("status", "report", "release"):
            assert run(command, "--config", old) == 0
        view = view_of(old)
        for name in names:
            columns = view.snapshot(name).schema.arrow.names
            for rows in (view.snapshot(name).read(columns), view.rows(name, *columns), selected(view, name, columns)):
                assert rows.height == stored[name].height
                assert rows["extra"].null_count() == rows.height
        statements = selected(view, "extractions", ["statements"])["statements"].explode().struct.unnest()
        assert statements["extra"].null_count() == statements.height > 0
        assert statements["text"].null_count() == 0
        releases = sorted((lake / "releases").iterdir())
        assert len(releases) > 1, "other columns make another release"
        for release in releases:
            released = package.load_release(str(release))
            assert released["extra"].null_count() == released.height > 0
    assert files(lake / "tables") == before


def selected(view: View, table: str, columns: list[str]) -> pl.DataFrame:
    """All rows of a table as a stage reads them."""
    key = view.key(table)
    rows = view.rows(table)
    parts = tuple(
        (view.snapshot(table).file_path(int(str(index))), part[key].to_numpy(), part["fingerprint"].to_numpy())
        for (index,), part in rows.group_by("_file")
    )
    return Selection(table, tuple(columns), key, parts).read(view.lake.storage)


@pytest.mark.parametrize("command", ["run", "maintain"])
def test_every_command_that_writes_brings_the_lake_up_to_date(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    old = unpack(1, tmp_path / "old")
    until = ["--until", "articles"] if command == "run" else []  # later stages may decide otherwise by now
    assert run(command, "--config", old, *until) == 0
    assert "lake: table files: column format added" in capsys.readouterr().err
    assert "format" in pl.read_delta(str(old.parent / "lake" / "tables" / "files")).columns
    assert run(command, "--config", old, *until) == 0
    assert "column" not in capsys.readouterr().err


def test_people_can_decide_in_an_old_lake(old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    csv = old.parent / "topics.csv"
    assert run("topics", "export", csv, "--config", old) == 0
    topics = pl.read_csv(csv, infer_schema=False).with_columns(decision=pl.lit("no"))
    topics.write_csv(csv)
    assert run("topics", "import", csv, "--config", old) == 0
    assert "column format added" in capsys.readouterr().err
    decided = pl.read_delta(str(old.parent / "lake" / "tables" / "topics"))["decided_by"].unique().to_list()
    assert decided == ["person"]
    assert (old.parent / "lake" / "schema.json").exists()


BREAKING: dict[str, tuple[str, Callable[[Any], object], str]] = {
    "dropped": ("searches", lambda document: document["columns"].pop(), "column candidates is in the lake and not"),
    "retyped": ("triples", lambda document: document["columns"][-1].update(type="int64"), "column rejected_reason is"),
    "required": (
        "triples",
        lambda document: document["columns"][-1].update(nullable=False),
        "column rejected_reason may",
    ),
    "key": ("duplicates", lambda document: document.update(key=["canonical_id"]), "the key is article_id in the lake"),
}


@pytest.mark.parametrize("kind", sorted(BREAKING))
@pytest.mark.parametrize("command", ["run", "status", "maintain"])
def test_a_breaking_change_is_refused_before_anything_is_written(
    old: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], kind: str, command: str
) -> None:
    table, change, words = BREAKING[kind]
    before = files(old.parent / "lake")
    with declared_otherwise(old.parent / "schemas", monkeypatch, **{table: change}):  # type: ignore[arg-type]
        assert run(command, "--config", old) == 4
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert f"table {table}: {words}" in said
    assert "use navab 0.1.0, which reads it, or build a new lake from the sources" in said
    assert files(old.parent / "lake") == before


def test_an_older_navab_refuses_a_newer_lake(
    old: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with declared_otherwise(old.parent / "schemas", monkeypatch) as newer:
        assert run("run", "--config", old) == 0
    before = files(old.parent / "lake")
    capsys.readouterr()
    for command in ("run", "status", "release"):
        assert run(command, "--config", old) == 4
        assert f"has schema version {newer}; this navab" in capsys.readouterr().err
    assert files(old.parent / "lake") == before
