"""Key columns in memory: after a commit they are those of a fresh look, and only new files were read for them."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from navab.execution.units import write_output
from navab.lake.keys import KeyColumns
from navab.lake.schema import load_schema
from navab.lake.snapshot import FILE, TableSnapshot
from navab.lake.storage import Storage
from navab.lake.table import DataFile, LakeTable
from navab.stages.base import Output

NAMES = ("statement_id", "nation", "fingerprint")
MUCH = 2**30


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(str(tmp_path / "lake"))


def write(storage: Storage, nation: str, *ids: int) -> list[DataFile]:
    """Write one data file of `searches`."""
    rows = [{"statement_id": key, "nation": nation, "fingerprint": 7, "candidates": key % 5} for key in ids]
    return list(write_output(Output("searches", load_schema("searches").table(rows)), f"part-{ids[0]}", storage, 1))


def with_paths(frame: pl.DataFrame, snapshot: TableSnapshot) -> list[tuple[object, ...]]:
    """Rows with the path of their file instead of its position, sorted."""
    return sorted(frame.with_columns(snapshot.files["path"].gather(frame[FILE]).alias(FILE)).rows())


def test_commits_are_followed(storage: Storage) -> None:
    table, keys = LakeTable(storage, "searches"), KeyColumns(MUCH)
    assert keys.at(table.snapshot(), NAMES).is_empty()
    written = [write(storage, "us" if number % 2 else "cn", number, number + 100) for number in range(6)]
    for files in written[:3]:
        table.commit(files, epoch=1)
        keys.at(table.snapshot(), NAMES)
    table.commit([*written[3], *written[4]], epoch=1, remove=[written[1][0].path])
    table.commit(written[5], epoch=1, remove=[written[0][0].path])
    snapshot = table.snapshot()
    followed, fresh = keys.at(snapshot, NAMES), KeyColumns(MUCH).at(snapshot, NAMES)
    assert followed.height == 8
    assert followed.schema == fresh.schema
    assert with_paths(followed, snapshot) == with_paths(fresh, snapshot)


def test_only_new_files_are_opened(storage: Storage) -> None:
    table, keys = LakeTable(storage, "searches"), KeyColumns(MUCH)
    old = write(storage, "cn", 1, 2)
    table.commit(old, epoch=1)
    keys.at(table.snapshot(), NAMES)
    table.commit(write(storage, "cn", 3), epoch=1)
    Path(storage.path("tables", "searches", old[0].path)).write_bytes(b"not to be read")
    assert sorted(keys.at(table.snapshot(), NAMES)["statement_id"]) == [1, 2, 3]


def test_columns_are_added_to_the_rows_that_are_there(storage: Storage) -> None:
    table, keys = LakeTable(storage, "searches"), KeyColumns(MUCH)
    for number in (3, 1, 2):
        table.commit(write(storage, "cn", number, number + 10), epoch=1)
        keys.at(table.snapshot(), NAMES)
    rows = keys.at(table.snapshot(), [*NAMES, "candidates"])
    assert rows.columns == [*NAMES, "candidates", FILE]
    assert all(candidates == key % 5 for key, candidates in rows.select("statement_id", "candidates").iter_rows())


def test_nations_are_categories(storage: Storage) -> None:
    LakeTable(storage, "searches").commit(write(storage, "cn", 1), epoch=1)
    rows = KeyColumns(MUCH).at(LakeTable(storage, "searches").snapshot(), NAMES)
    assert rows.schema["nation"] == pl.Categorical
    assert rows.filter(pl.col("nation") == "cn").height == 1


def test_of_a_large_table_only_the_columns_of_the_moment_are_kept(storage: Storage) -> None:
    table, keys = LakeTable(storage, "searches"), KeyColumns(kept_bytes=1)
    table.commit(write(storage, "cn", 3, 1, 2), epoch=1)
    table.commit(write(storage, "us", 5), epoch=1)
    snapshot = table.snapshot()
    for names in (NAMES, ("candidates",), ("statement_id", "candidates"), NAMES):
        assert keys.at(snapshot, names).equals(KeyColumns(MUCH).at(snapshot, names))
    keys.at(snapshot, ("candidates",))
    small = keys.size
    keys.at(snapshot, NAMES)
    assert keys.size > small
