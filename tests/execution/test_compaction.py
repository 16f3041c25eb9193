"""Compaction: many small files become few, and their rows stay what they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from navab.configuration import Configuration
from navab.errors import StorageError
from navab.execution.carrier import Carrier
from navab.execution.committer import Committer
from navab.execution.compaction import FAN_IN, MergeFiles, merged_files, plan_merges, small_files
from navab.execution.metrics import Metrics
from navab.execution.units import run_unit
from navab.lake.lake import Lake
from navab.lake.schema import load_schema
from navab.lake.storage import Storage
from navab.lake.table import LakeTable
from navab.nations.registry import Registry
from navab.stages.base import Output, Unit
from navab.view import View

LIMIT = 4 << 20


@dataclass(frozen=True)
class WriteSearches:
    """Writes the pending rows of a unit."""

    def __call__(self, unit: Unit, storage: Storage) -> Iterator[Output]:
        rows = [row | {"candidates": 0} for row in unit.pending.iter_rows(named=True)]
        yield Output("searches", load_schema("searches").table(rows))


def unit(number: int, nation: str = "cn") -> Unit:
    keys = pl.DataFrame({"statement_id": [number, -number - 1], "fingerprint": [7, 7]})
    return Unit(f"unit-{number:03d}", nation, keys.with_columns(pl.lit(nation).alias("nation")))


def listing(*files: tuple[str, int, str | None]) -> pl.DataFrame:
    return pl.DataFrame(files, schema={"path": pl.String, "size": pl.Int64, "nation": pl.String}, orient="row")


def test_sixteen_files_of_a_nation_and_a_level_are_merged() -> None:
    small = [(f"cn/{number}", 100_000, "cn") for number in range(FAN_IN)]
    larger = [(f"cn/l{number}", 2_000_000, "cn") for number in range(FAN_IN - 1)]
    other = [(f"us/{number}", 100_000, "us") for number in range(FAN_IN - 1)]
    (merge,) = plan_merges("searches", listing(*small, *larger, *other))
    assert merge.nation == "cn"
    assert sorted(merged_files(merge)) == sorted(path for path, _, _ in small)


def test_large_files_files_on_their_way_and_snapshots_are_not_small() -> None:
    files = listing(("none/1", 100, None), ("none/2", LIMIT, None), ("none/3", 100, None))
    assert small_files("searches", files, LIMIT)["path"].to_list() == ["none/1", "none/3"]
    assert small_files("searches", files, LIMIT, taken=["none/3"])["path"].to_list() == ["none/1"]
    assert small_files("topics", files, LIMIT).is_empty()


def test_the_smallest_are_merged_first_and_a_few_small_ones_stay() -> None:
    larger = [(f"cn/a{number}", 2_000_000, "cn") for number in range(2 * FAN_IN)]
    smallest = [(f"cn/b{number}", 100, "cn") for number in range(FAN_IN)]
    files = listing(*larger, *smallest)
    assert plan_merges("searches", files, few=3 * FAN_IN) == []
    (merge,) = plan_merges("searches", files, few=3 * FAN_IN - 1)
    assert sorted(merged_files(merge)) == sorted(path for path, _, _ in smallest)
    assert len(plan_merges("searches", files, few=2 * FAN_IN - 1)) == 2


def test_a_merge_keeps_the_rows_and_cannot_double_them(tmp_path: Path) -> None:
    storage = Storage(str(tmp_path / "lake"))
    table = LakeTable(storage, "searches")
    for number in range(FAN_IN):
        written = run_unit(unit(number), WriteSearches(), storage, 1)
        table.commit([one.file for one in written if one.file is not None], epoch=1)
    before = table.snapshot()
    (merge,) = plan_merges("searches", small_files("searches", before.files, LIMIT))
    merged = [one.file for one in run_unit(merge, MergeFiles("searches"), storage, 1) if one.file is not None]
    table.commit(merged, epoch=1, remove=merged_files(merge))
    after = table.snapshot()
    assert after.files.height == 1
    columns = ["statement_id", "nation", "fingerprint", "candidates"]
    stored = pl.read_parquet(after.file_path(0))
    assert stored["statement_id"].is_sorted()
    assert stored.select(columns).equals(before.read(columns).select(columns).sort("statement_id"))
    assert table.commit(merged, epoch=1, remove=merged_files(merge)) == 0, "the same again is nothing"
    table.commit([], epoch=1, remove=[merged[0].path])
    with pytest.raises(StorageError, match="has left it meanwhile"):
        table.commit(merged, epoch=1, remove=merged_files(merge))


@pytest.mark.parametrize(
    ("few", "interval", "left"),
    [
        pytest.param(0, 1e-6, 40 - 2 * (FAN_IN - 1), id="beside the step and at its end"),
        pytest.param(20, 1e-6, 40, id="twice as many as it leaves are left alone beside the step"),
        pytest.param(20, 3600.0, 40, id="twice as many as it leaves are left alone"),
        pytest.param(19, 3600.0, 40 - 2 * (FAN_IN - 1), id="more are merged, down to those that it leaves"),
    ],
)
def test_a_run_leaves_few_files(few: int, interval: float, left: int, tmp_path: Path) -> None:
    units = [unit(number) for number in range(40)]
    expected = pl.concat([one.pending for one in units])
    document = {
        "lake": str(tmp_path / "lake"),
        "resources": {"num_cpus": 1, "commit_interval_s": interval},
        "maintenance": {"small_files": few},
    }
    configuration = Configuration.model_validate(document)
    lake = Lake(configuration.lake)
    view = View(lake, configuration, Registry.bundled(), {"searches": lambda view: expected}, {})
    with lake.claim("test") as claim, Carrier(lake.storage, configuration.resources, claim.epoch) as carrier:
        committer = Committer(("searches",), view, claim, carrier, replaces=False, metrics=Metrics())
        for written in carrier.carry(units, WriteSearches()):
            committer.add(written)
            committer.commit_if_due()
        committer.finish()
    assert committer.rows == 80
    assert view.pending("searches").is_empty()
    assert view.rows("searches").height == 80
    assert view.snapshot("searches").files.height == left
