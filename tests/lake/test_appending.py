"""Appending without the claim: many at once, on one run or on several, and beside the holder of the claim."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
import pytest

from navab.evaluation.methods import Outcome
from navab.evaluation.run import Run
from navab.evaluation.table import FOLDER, RunRows, run_rows
from navab.evaluation.triples import Triple
from navab.lake.cleaning import clean
from navab.lake.lake import Lake
from tests.evaluation.made import triples


def run(model: str = "m") -> Run:
    return Run("sample", "abc", model, "mc", "debiased", "full")


def rows_of(made: list[Triple], one: Run) -> object:
    outcomes = [Outcome(triple.triple_id, order, "S", 1.0, (-1.0, -2.0)) for triple in made for order in ("S", "RS")]
    return one.rows(made, outcomes, dict.fromkeys([triple.triple_id for triple in made], "core"))


def stored(lake: Lake) -> pl.DataFrame:
    return lake.table("evaluations").snapshot().read(["run_id", "triple_id", "order", "outcome"])


def add(lake: Lake, one: Run, made: list[Triple], size: int = 7) -> None:
    kept = RunRows(lake, one)
    kept.open()
    for start in range(0, len(made), size):
        kept.keep(rows_of(made[start : start + size], one))
        kept.commit()


def test_rows_are_there_once(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    made = triples(20)
    add(lake, run(), made)
    add(lake, run(), made)
    found = stored(lake)
    assert found.height == 40
    assert found.unique(["run_id", "triple_id", "order"]).height == 40


def test_processes_on_one_run_and_on_others_add_every_row_once(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    made = triples(40)
    with ThreadPoolExecutor(6) as threads:
        jobs = [
            threads.submit(add, Lake(str(tmp_path / "lake")), run(model), made, size)
            for model, size in [("a", 5), ("a", 7), ("a", 9), ("b", 4), ("b", 4), ("c", 40)]
        ]
        for job in jobs:
            job.result()
    found = stored(lake)
    assert found.height == 3 * 80
    assert found.unique(["run_id", "triple_id", "order"]).height == 3 * 80
    assert sorted(
        run_rows(lake.table("evaluations").snapshot(), run("b").run_id, ["triple_id"])["triple_id"].unique()
    ) == (sorted(triple.triple_id for triple in made))


@pytest.mark.parametrize("attempt", range(6))
def test_processes_that_begin_at_the_same_time_make_one_table(tmp_path: Path, attempt: int) -> None:
    root, made, begin = str(tmp_path / "lake"), triples(12), threading.Barrier(4)

    def start(size: int) -> None:
        lake = Lake(root)
        begin.wait()
        add(lake, run(), made, size)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(start, (3, 4, 5, 6)))
    assert stored(Lake(root)).height == 24


def test_what_was_kept_and_not_committed_is_found_again(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    made = triples(20)
    killed = RunRows(lake, run())
    killed.open()
    killed.keep(rows_of(made[:8], run()))  # and here the process ends
    assert lake.table("evaluations").snapshot().version == -1
    again = RunRows(lake, run())
    again.open()
    assert again.done == {triple.triple_id for triple in made[:8]}
    assert stored(lake).height == 16
    assert list((tmp_path / "lake" / FOLDER / run().run_id).iterdir()) == []


def test_the_claims_holder_and_an_evaluation_do_not_disturb_each_other(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    made = triples(60)
    add(lake, run(), made[:10])
    with ThreadPoolExecutor(1) as threads:
        job = threads.submit(add, Lake(str(tmp_path / "lake")), run(), made, 3)
        for _ in range(3):
            with lake.claim("maintain") as claim:
                clean(lake.table("evaluations"), 0, (), claim.check)
        job.result()
    assert stored(lake).height == 120


def test_a_claims_holder_can_commit_to_a_table_that_an_evaluation_made_meanwhile(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    with lake.claim("forget") as claim:
        add(Lake(str(tmp_path / "lake")), run(), triples(4))
        table = lake.table("evaluations")
        table.commit([], claim.epoch, remove=table.snapshot().files["path"].to_list())
    assert stored(lake).height == 0


def test_maintenance_leaves_what_is_on_its_way(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    add(lake, run(), triples(4))
    folder = tmp_path / "lake" / "tables" / "evaluations" / "uk"
    young, old = folder / "0123456789abcdef-1.parquet", folder / "0123456789abcdef-2.parquet"
    for path in (young, old):
        path.write_bytes(b"not committed")
    os.utime(old, (time.time() - 7200, time.time() - 7200))
    with lake.claim("maintain") as claim:
        clean(lake.table("evaluations"), 0, (), claim.check)
    assert young.exists()
    assert not old.exists()
    assert stored(lake).height == 8
