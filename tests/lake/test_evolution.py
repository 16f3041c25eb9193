"""Schema evolution: what may be added to an older lake is added and recorded, what may not is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake.transaction import CommitProperties

from navab.errors import ClaimLostError, StorageError
from navab.execution.units import write_output
from navab.lake.evolution import VERSION_1, LakeSchema, check_schema, compare, evolve, read_schema
from navab.lake.lake import Lake
from navab.lake.schema import TableSchema, load_schema, schema_version, table_names
from navab.stages.base import Output
from tests.oldlakes import declared_otherwise, files

NAMES = ("searches", "extractions")
SEARCH = {"statement_id": 1, "nation": "uk", "fingerprint": 2, "candidates": 3}
STATEMENT = {
    "statement_id": 1,
    "text": "t",
    "evidence": "e",
    "speaker": None,
    "source_type": "official",
    "speaker_nation": "home",
}
EXTRACTION = {"article_id": 1, "nation": "uk", "fingerprint": 2, "statements": [STATEMENT], "statement_ids": [1]} | {
    "engine": "rules",
    "prompt_tokens": 0,
    "output_tokens": 0,
}


def column(name: str, kind: str = "string", *, nullable: bool = True) -> dict[str, object]:
    return {"name": name, "type": kind, "nullable": nullable, "description": "Added by a test"}


def add(**kinds: Any) -> Callable[[Any], None]:
    """Add a column to a declaration."""
    return lambda document: document["columns"].append(column(**kinds))


def fill(lake: Lake) -> None:
    """Write a row into two tables and record their schemas."""
    with lake.claim("test") as claim:
        evolve(lake, claim)
        for name, row in (("searches", SEARCH), ("extractions", EXTRACTION)):
            made = Output(name, load_schema(name).table([row]))
            lake.commit(name, list(write_output(made, name, lake.storage, claim.epoch)), claim)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    made = Lake(str(tmp_path / "lake"))
    fill(made)
    return made


def differences(lake: Lake) -> list[str]:
    """What the lake lacks, in words."""
    fresh = Lake(lake.storage.root)
    return [one.text for one in check_schema(fresh, [fresh.table(name).snapshot() for name in NAMES])]


@pytest.mark.parametrize("name", table_names())
def test_a_table_as_it_is_declared_does_not_differ(name: str, tmp_path: Path) -> None:
    table = Lake(str(tmp_path / "lake")).table(name)
    table.snapshot().commit([], CommitProperties())
    made = table.snapshot()
    assert made.stored is not None
    assert compare(made.schema, made.stored, made.description, made.schema.key) == []


def retype(kind: str) -> Callable[[Any], None]:
    return lambda document: document["columns"][-1].update(type=kind)


@pytest.mark.parametrize(
    ("change", "text", "breaking"),
    [
        (add(name="extra"), "column extra added", False),
        (add(name="extra", nullable=False), "column extra is not in the lake and must not be null", True),
        (lambda document: document["columns"].pop(), "column candidates is in the lake and not declared", True),
        (retype("string"), "column candidates is int64 in the lake and declared as string", True),
        (retype("list<int64>"), "column candidates is int64 in the lake and declared as list<", True),
        (lambda document: document.update(description="Wider."), "description changed", False),
        (lambda document: document.update(key=["nation"]), "the key is statement_id in the lake and declared as", True),
    ],
    ids=["added", "added not null", "dropped", "retyped", "made a list", "description", "key"],
)
def test_what_differs_is_said(change: Callable[[Any], object], text: str, breaking: bool) -> None:
    before = load_schema("searches")
    document = before.model_dump(mode="json")
    change(document)
    found = compare(TableSchema.model_validate(document), before.arrow, before.description, before.key)
    assert [one.breaking for one in found] == [breaking]
    assert text in found[0].text


def test_a_renamed_column_is_a_dropped_and_an_added_one() -> None:
    before = load_schema("overrides")
    document = before.model_dump(mode="json")
    next(one for one in document["columns"] if one["name"] == "note")["name"] = "remark"
    found = compare(TableSchema.model_validate(document), before.arrow, before.description, before.key)
    assert [(one.column, one.breaking) for one in found] == [("remark", False), ("note", True)]


def test_nulls_may_come_but_not_go() -> None:
    wide = load_schema("overrides")
    narrow = pa.schema([field.with_nullable(False) for field in wide.arrow])
    assert [(one.column, one.breaking) for one in compare(wide, narrow, wide.description, wide.key)] == [
        ("note", False)
    ]
    loose = pa.schema([field.with_nullable(True) for field in wide.arrow])
    found = compare(wide, loose, wide.description, wide.key)
    assert all(one.breaking for one in found)
    assert "column topic_id may be null in the lake and must not be null" in [one.text for one in found]


def test_a_new_lake_is_recorded(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    assert read_schema(lake.storage) is None
    with lake.claim("test") as claim:
        assert evolve(lake, claim).changes == []
    record = read_schema(lake.storage)
    assert record is not None
    assert record.version == schema_version()
    assert set(record.keys) == set(table_names())
    assert [entry.changes for entry in record.history] == [()]


def test_a_lake_that_lacks_nothing_is_left_alone(lake: Lake) -> None:
    before = {path: content for path, content in files(Path(lake.storage.path())).items() if "claims" not in path}
    with lake.claim("test") as claim:
        assert evolve(lake, claim).changes == []
    after = {path: content for path, content in files(Path(lake.storage.path())).items() if "claims" not in path}
    assert after == before


def test_columns_are_added_and_old_rows_have_nulls(lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nested(document: Any) -> None:
        document["description"] = "Wider."
        next(one for one in document["columns"] if one["name"] == "statements")["fields"].append(column("tone"))

    with declared_otherwise(
        tmp_path / "schemas", monkeypatch, searches=add(name="extra"), extractions=nested
    ) as version:
        newer = Lake(lake.storage.root)
        before = newer.table("searches").snapshot()
        assert before.read(["candidates", "extra"]).select("candidates", "extra").rows() == [(3, None)], "not yet added"
        fill(newer)
        record = read_schema(newer.storage)
        assert record is not None
        assert record.version == version
        assert record.history[-1].changes == (
            "table extractions: column statements[].tone added",
            "table extractions: description changed",
            "table searches: column extra added",
        )
        assert differences(newer) == []
        assert newer.table("searches").snapshot().read(["extra"])["extra"].to_list() == [None, None]
        read = newer.table("extractions").snapshot().read(["statements"])["statements"].to_list()
        assert read == [[STATEMENT | {"tone": None}]] * 2
        assert newer.table("extractions").snapshot().description == "Wider."


def test_a_crash_in_between_is_mended_and_recorded_once(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record is written first: a crash before the tables are altered leaves it ahead of them."""
    with declared_otherwise(tmp_path / "schemas", monkeypatch, searches=add(name="extra")):
        newer = Lake(lake.storage.root)
        with monkeypatch.context() as patched, newer.claim("test") as claim:
            patched.setattr(type(newer.table("searches")), "alter", _crash)
            with pytest.raises(OSError, match="power"):
                evolve(newer, claim)
        assert differences(newer) == ["column extra added"]
        with newer.claim("test") as claim:
            assert [one.text for one in evolve(newer, claim).changes] == ["column extra added"]
        assert differences(newer) == []
        record = read_schema(newer.storage)
        assert record is not None
        assert [entry.changes for entry in record.history] == [(), ("table searches: column extra added",)]


def _crash(*_: object) -> None:
    raise OSError("power cut")


def test_an_older_navab_is_refused(lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with declared_otherwise(tmp_path / "schemas", monkeypatch, searches=add(name="extra")) as version:
        fill(Lake(lake.storage.root))
    with pytest.raises(StorageError, match=f"has schema version {version}; .* up to {version - 1}: use navab"):
        differences(lake)


@pytest.mark.parametrize("change", ["key", "drop"])
def test_a_breaking_change_leaves_the_lake_alone(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    def broken(document: Any) -> None:
        if change == "key":
            document["key"] = ["nation", "statement_id"]
        else:
            document["columns"] = [one for one in document["columns"] if one["name"] != "candidates"]

    tables = lake.storage.path("tables")
    record = read_schema(lake.storage)
    before = files(Path(tables))
    with declared_otherwise(tmp_path / "schemas", monkeypatch, searches=broken, extractions=add(name="extra")):
        newer = Lake(lake.storage.root)
        with newer.claim("test") as claim, pytest.raises(StorageError, match=r"table searches: .* build a new lake"):
            evolve(newer, claim)
    assert files(Path(tables)) == before
    assert read_schema(lake.storage) == record


def test_a_late_holder_cannot_alter_a_table(lake: Lake) -> None:
    table = lake.table("searches")
    table.commit(
        list(write_output(Output("searches", load_schema("searches").table([SEARCH])), "x", lake.storage, 1)), 9
    )
    with pytest.raises(ClaimLostError, match="epoch 9, this run has 8"):
        table.alter(["candidates"], 8)


def test_a_damaged_record_is_a_storage_error(lake: Lake) -> None:
    lake.storage.write_bytes(lake.storage.path("schema.json"), b"{ damaged")
    with pytest.raises(StorageError, match=r"schema record .*schema.json cannot be read"):
        read_schema(lake.storage)


def test_keys_of_version_1_are_not_changed() -> None:
    """Lakes of version 1 have no record; a changed key would be refused there too."""
    assert {name: load_schema(name).key for name in VERSION_1.keys} == VERSION_1.keys
    assert LakeSchema.model_validate_json(VERSION_1.model_dump_json()) == VERSION_1
