"""Maintenance of one table: what is deleted, what stays readable, and that the log follows."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
import pytest
from deltalake import DeltaTable

from navab.errors import ClaimLostError
from navab.execution.units import write_output
from navab.lake import cleaning
from navab.lake.schema import load_schema
from navab.lake.storage import Storage
from navab.lake.table import DataFile, LakeTable
from navab.stages.base import Output


@pytest.fixture
def table(tmp_path: Path) -> LakeTable:
    return LakeTable(Storage(str(tmp_path / "lake")), "searches")


def write_file(table: LakeTable, number: int, epoch: int = 1) -> list[DataFile]:
    """Write one row and do not commit it."""
    row: dict[str, object] = {"statement_id": number, "nation": "cn", "fingerprint": 1, "candidates": 0}
    return list(write_output(Output("searches", load_schema("searches").table([row])), "part", table.storage, epoch))


def write(table: LakeTable, number: int, *, replace: bool = True, takedowns: int | None = None) -> None:
    """Commit one row, in the place of all others or beside them."""
    table.commit(write_file(table, number), epoch=1, replace=["cn"] if replace else (), takedowns=takedowns)


def clean(table: LakeTable, hours: int = 0, cited: tuple[int, ...] = ()) -> None:
    cleaning.clean(table, hours, cited, lambda: None)


def ids(table: LakeTable, version: int | None = None) -> list[int]:
    return sorted(pl.read_delta(table.storage.uri("tables", "searches"), version=version)["statement_id"])


def names(table: LakeTable, folder: str) -> list[str]:
    return sorted(path.name for path in Path(table.storage.path("tables", "searches", folder)).iterdir())


def test_a_change_of_the_schema_keeps_the_log_of_cited_versions(table: LakeTable) -> None:
    """Of itself Delta removes what is older than thirty days and lies before a checkpoint."""
    for number in range(4):
        write(table, number)
    clean(table, cited=(1,))
    for path in Path(table.storage.path("tables", "searches", "_delta_log")).iterdir():
        os.utime(path, (time.time() - 60 * 86_400,) * 2)
    for number in range(4, 34):
        write(table, number)
    table.schema = table.schema.model_copy(update={"description": "What a newer navab declares."})
    table.alter([], epoch=1)
    assert ids(table, version=1) == [1]
    clean(table, cited=(1,))
    assert ids(table, version=1) == [1]


def test_only_the_latest_version_is_kept_without_retention(table: LakeTable) -> None:
    for number in range(4):
        write(table, number)
    clean(table)
    assert ids(table) == [3]
    assert len(names(table, "cn")) == 1
    assert names(table, "_delta_log") == [f"{3:020d}.checkpoint.parquet", f"{3:020d}.json", "_last_checkpoint"]
    with pytest.raises(Exception, match=r"version|log segment"):
        DeltaTable(table.storage.uri("tables", "searches"), version=2)


def test_all_versions_within_the_retention_are_kept(table: LakeTable) -> None:
    for number in range(4):
        write(table, number)
    clean(table, hours=1)
    assert [ids(table, version) for version in range(4)] == [[0], [1], [2], [3]]


def test_cited_versions_stay_readable_however_often_it_is_cleaned(table: LakeTable) -> None:
    for number in range(8):
        write(table, number, replace=number % 3 > 0)
    before = {version: ids(table, version) for version in (0, 3)}
    for number in range(8, 11):
        clean(table, cited=(0, 3, 99))
        write(table, number)
    clean(table, cited=(0, 3, 99))
    assert {version: ids(table, version) for version in (0, 3)} == before
    assert ids(table) == [10]
    clean(table, cited=(3,))
    assert ids(table, 3) == before[3]
    with pytest.raises(Exception, match=r"version|log segment|[Nn]o files"):
        DeltaTable(table.storage.uri("tables", "searches"), version=0)


def test_nothing_from_before_a_takedown_is_kept(table: LakeTable) -> None:
    for number in range(3):
        write(table, number)
    write(table, 3, takedowns=1)
    write(table, 4)
    clean(table, hours=1, cited=(1, 3))
    assert (ids(table, 3), ids(table, 4)) == ([3], [4])
    assert len(names(table, "cn")) == 2
    assert table.snapshot().takedowns == 1


def test_a_takedown_that_changes_no_row_is_marked_all_the_same(table: LakeTable) -> None:
    write(table, 0)
    assert table.commit((), epoch=1, takedowns=2) == 0
    assert (table.snapshot().takedowns, table.snapshot().purged_before) == (2, 1)
    assert (table.snapshot().fence(table.application), ids(table)) == (1, [0])


def test_files_that_were_never_committed_go(table: LakeTable) -> None:
    write(table, 0)
    folder = Path(table.storage.path("tables", "searches"))
    for name in ("orphan.parquet", "cn/orphan.parquet", "cn/.half.parquet.0f", ".half.parquet.0f"):
        (folder / name).write_bytes(b"half")
    assert cleaning.clean(table, 1, (), lambda: None).data_files == 4
    assert ids(table) == [0]


def test_a_pause_before_the_deletion_costs_a_later_run_nothing(table: LakeTable) -> None:
    """What an earlier run left is written again by the next one, under another name."""
    write(table, 0)
    left = write_file(table, 1)
    checks = iter([False, True])

    def pause() -> None:
        if next(checks, False):
            assert table.commit(write_file(table, 1, epoch=2), epoch=2) == 1

    cleaning.clean(table, 1, (), pause)
    assert next(checks, None) is None, "the later run came between the last check and the deletion"
    assert not Path(table.storage.path("tables", "searches", left[0].path)).exists()
    assert ids(table) == [0, 1]


def test_a_holder_that_has_lost_the_claim_deletes_nothing(table: LakeTable) -> None:
    for number in range(3):
        write(table, number)

    def lost() -> None:
        raise ClaimLostError("lost")

    before = names(table, "cn")
    with pytest.raises(ClaimLostError):
        cleaning.clean(table, 0, (), lost)
    assert names(table, "cn") == before


def test_who_opens_the_table_is_not_disturbed_while_its_log_is_trimmed(table: LakeTable) -> None:
    write(table, 0)
    done = threading.Event()

    def read() -> int:
        opened = 0
        while not done.is_set():
            table.snapshot()
            opened += 1
        return opened

    with ThreadPoolExecutor(3) as threads:
        readers = [threads.submit(read) for _ in range(3)]
        try:
            for number in range(1, 60):
                write(table, number)
                clean(table)
        finally:
            done.set()
    assert min(reader.result() for reader in readers) > 0
