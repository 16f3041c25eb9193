"""Tables: commits add whole files once, older epochs are refused, snapshots are replaced nation by nation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest

from navab.errors import ClaimLostError, StorageError
from navab.execution.units import write_output
from navab.lake.schema import load_schema
from navab.lake.storage import Storage
from navab.lake.table import DataFile, LakeTable
from navab.stages.base import Output


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(str(tmp_path / "lake"))


def write_files(storage: Storage, *uris: str, nation: str | None = None, name: str = "part") -> list[DataFile]:
    """Write one data file of `files` rows."""
    rows: list[dict[str, object]] = []
    for uri in uris:
        row: dict[str, object] = {"uri": uri, "nation": nation, "fingerprint": 1, "etag": "", "size": 1, "records": 2}
        rows.append(row | {"name": uri, "crawl": "c", "generation": 0, "read_at": 0})
    return list(write_output(Output("files", load_schema("files").table(rows)), name, storage, 1))


def write_topics(storage: Storage, nation: str, ids: Sequence[int]) -> list[DataFile]:
    """Write one data file of `topics` rows."""
    rows = [
        {"topic_id": topic, "nation": nation, "fingerprint": 1, "label": "", "keywords": [], "size": 1}
        | {"sensitive": True, "sensitivity": 0.5, "decided_by": "embedding", "centroid": [1.0]}
        | {"min_similarity": 0.5, "members": []}
        for topic in ids
    ]
    return list(write_output(Output("topics", load_schema("topics").table(rows)), "topics", storage, 1))


def test_a_table_that_does_not_exist_is_empty(storage: Storage) -> None:
    snapshot = LakeTable(storage, "files").snapshot()
    assert snapshot.version == -1
    assert snapshot.rows == 0
    assert snapshot.fence("navab/files") is None
    assert snapshot.read(["uri", "size"]).schema == {"uri": pl.String, "size": pl.Int64, "_file": pl.UInt32}


def test_the_first_commit_creates_and_the_next_ones_append(storage: Storage) -> None:
    table = LakeTable(storage, "files")
    assert table.commit(write_files(storage, "a", "b", nation="cn"), epoch=1) == 2
    assert table.snapshot().version == 0
    assert table.commit(write_files(storage, "c", nation="us"), epoch=1) == 1
    snapshot = table.snapshot()
    assert snapshot.version == 1
    assert snapshot.files.select("rows", "nation").rows() == [(2, "cn"), (1, "us")]
    assert sorted(snapshot.read(["uri"])["uri"]) == ["a", "b", "c"]


def test_polars_reads_a_table_as_it_is(storage: Storage) -> None:
    LakeTable(storage, "files").commit(write_files(storage, "a", nation="cn"), epoch=1)
    frame = pl.read_delta(storage.uri("tables", "files"))
    assert frame.select("uri", "nation", "records").rows() == [("a", "cn", 2)]


def test_committing_a_file_again_adds_nothing(storage: Storage) -> None:
    table = LakeTable(storage, "files")
    files = write_files(storage, "a", "b", nation="cn")
    table.commit(files, epoch=1)
    assert table.commit(files, epoch=1) == 0
    assert table.snapshot().version == 0
    assert table.commit([*files, *write_files(storage, "c", nation="cn")], epoch=1) == 1
    assert table.snapshot().rows == 3


def test_a_file_named_twice_in_one_commit_counts_once(storage: Storage) -> None:
    """A retried task reports the same file again."""
    table = LakeTable(storage, "files")
    files = write_files(storage, "a", nation="cn")
    assert table.commit([*files, *files], epoch=1) == 1
    assert table.snapshot().rows == 1


def test_a_commit_of_nothing_makes_no_version(storage: Storage) -> None:
    table = LakeTable(storage, "files")
    assert table.commit([], epoch=1) == 0
    assert table.snapshot().version == -1


def test_an_older_epoch_is_refused(storage: Storage) -> None:
    table = LakeTable(storage, "files")
    table.commit(write_files(storage, "a"), epoch=7)
    with pytest.raises(ClaimLostError, match="epoch 7, this run has 6"):
        table.commit(write_files(storage, "b"), epoch=6)
    assert table.commit(write_files(storage, "b"), epoch=8) == 1
    with pytest.raises(ClaimLostError):
        table.commit(write_files(storage, "c"), epoch=7)
    assert sorted(table.snapshot().read(["uri"])["uri"]) == ["a", "b"]


def test_a_snapshot_table_is_replaced_nation_by_nation(storage: Storage) -> None:
    table = LakeTable(storage, "topics")
    table.commit(write_topics(storage, "cn", [1, 2]), epoch=1, replace=["cn"])
    table.commit(write_topics(storage, "us", [3]), epoch=1, replace=["us"])
    table.commit(write_topics(storage, "cn", [4]), epoch=1, replace=["cn"])
    frame = table.snapshot().read(["topic_id", "nation"])
    assert sorted(frame.select("topic_id", "nation").rows()) == [(3, "us"), (4, "cn")]


def test_replacing_a_snapshot_with_itself_changes_nothing(storage: Storage) -> None:
    table = LakeTable(storage, "topics")
    files = write_topics(storage, "cn", [1, 2])
    table.commit(files, epoch=1, replace=["cn"])
    assert table.commit(files, epoch=1, replace=["cn"]) == 0
    assert table.snapshot().version == 0


def test_a_nation_may_be_replaced_by_nothing(storage: Storage) -> None:
    table = LakeTable(storage, "topics")
    table.commit(write_topics(storage, "cn", [1]), epoch=1)
    table.commit([], epoch=1, replace=["cn"])
    assert table.snapshot().rows == 0
    assert table.snapshot().read(["topic_id"]).height == 0


def test_old_versions_can_be_read_back(storage: Storage) -> None:
    table = LakeTable(storage, "topics")
    table.commit(write_topics(storage, "cn", [1]), epoch=1)
    before = table.snapshot()
    table.commit(write_topics(storage, "cn", [2]), epoch=1, replace=["cn"])
    assert before.read(["topic_id"])["topic_id"].to_list() == [1]


def test_reading_one_nation(storage: Storage) -> None:
    table = LakeTable(storage, "files")
    for nation, uris in {"cn": "ab", "us": "c", None: "de"}.items():
        table.commit(write_files(storage, *uris, nation=nation), epoch=1)
    snapshot = table.snapshot()
    assert sorted(snapshot.read(["uri"], nation="cn")["uri"]) == ["a", "b"]
    assert snapshot.read(["uri"], nation="fr").height == 0
    assert sorted(snapshot.read(["uri", "nation"]).filter(pl.col("nation").is_null())["uri"]) == ["d", "e"]


def test_every_row_knows_its_file(storage: Storage) -> None:
    table = LakeTable(storage, "files")
    for nation, uris in {"cn": "ab", "us": "c", None: "de"}.items():
        table.commit(write_files(storage, *uris, nation=nation), epoch=1)
    snapshot = table.snapshot()
    for uri, number in snapshot.read(["uri"]).iter_rows():
        assert uri in pl.read_parquet(snapshot.file_path(number))["uri"].to_list()


def test_a_table_of_rows_without_nation(storage: Storage) -> None:
    table = LakeTable(storage, "files")
    table.commit(write_files(storage, "a"), epoch=1)
    assert table.snapshot().files["nation"].to_list() == [None]
    assert table.snapshot().read(["uri", "nation"]).select("uri", "nation").rows() == [("a", None)]


def test_a_damaged_log_is_a_storage_error(storage: Storage) -> None:
    LakeTable(storage, "files").commit(write_files(storage, "a"), epoch=1)
    log = Path(storage.path("tables", "files", "_delta_log", f"{0:020d}.json"))
    log.write_text("{ not json\n")
    with pytest.raises(StorageError, match="cannot open table files"):
        LakeTable(storage, "files").snapshot()


@pytest.mark.parametrize("damage", ["deleted", "garbage"])
def test_a_damaged_data_file_is_a_storage_error(storage: Storage, damage: str) -> None:
    table = LakeTable(storage, "files")
    files = write_files(storage, "a")
    table.commit(files, epoch=1)
    path = Path(storage.path("tables", "files", files[0].path))
    path.unlink() if damage == "deleted" else path.write_bytes(b"garbage" * 10)
    with pytest.raises(StorageError, match="cannot read table files"):
        table.snapshot().read(["uri"])


def test_opening_reads_few_commits_and_checkpoints_list_no_removed_files(storage: Storage) -> None:
    table = LakeTable(storage, "files")
    merged = write_files(storage, "first", nation="cn")
    table.commit(merged, epoch=1)
    for number in range(45):
        old = [file.path for file in merged]
        merged = write_files(storage, *"abc"[: number % 3 + 1], nation="cn", name=f"part-{number}")
        table.commit(merged, epoch=1, remove=old)
    checkpoints = sorted(Path(storage.path("tables", "files", "_delta_log")).glob("*.checkpoint.parquet"))
    assert len(checkpoints) >= 2
    assert table.snapshot().version - int(checkpoints[-1].name.split(".")[0]) < 20
    assert pl.read_parquet(checkpoints[-1], columns=["remove"])["remove"].drop_nulls().is_empty()
    assert table.snapshot().files.height == 1
