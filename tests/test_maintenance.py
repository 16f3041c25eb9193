"""Maintenance without Ray: which files are written again, and which of their rows stay."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from navab.evaluation.methods import Outcome
from navab.evaluation.run import Run
from navab.evaluation.table import RunRows
from navab.execution.compaction import merging
from navab.execution.units import run_unit, write_output
from navab.lake.lake import Lake
from navab.lake.schema import load_schema
from navab.maintenance import Rewrite, plan
from navab.stages.base import Output
from tests.evaluation.made import triples
from tests.inprocess import open_small

PAIR = {"nation": "uk", "fingerprint": 7, "similarity": 0.9, "confidence": 0.8, "judge": "rules"}


def test_rows_of_pairs_go_by_both_ids(tmp_path: Path) -> None:
    storage = Lake(str(tmp_path / "lake")).storage
    pairs = [PAIR | {"left_id": 1, "right_id": right, "verdict": "neutral"} for right in (2, 3, 4)]
    rows = load_schema("conflicts").table(pairs)
    (file,) = write_output(Output("conflicts", rows), "pairs", storage, 1)
    stale = pl.DataFrame({"left_id": [1], "right_id": [3], "fingerprint": [7]})

    (kept,) = Rewrite("conflicts")(merging("conflicts", "uk", [file.path], stale), storage)

    assert kept.rows["right_id"].to_pylist() == [2, 4]


def test_files_whose_rows_all_go_are_rewritten_to_nothing(tmp_path: Path) -> None:
    storage = Lake(str(tmp_path / "lake")).storage
    rows = load_schema("conflicts").table([PAIR | {"left_id": 1, "right_id": 2, "verdict": "neutral"}])
    (file,) = write_output(Output("conflicts", rows), "pairs", storage, 1)
    stale = pl.DataFrame({"left_id": [1], "right_id": [2], "fingerprint": [7]})

    written = run_unit(merging("conflicts", "uk", [file.path], stale), Rewrite("conflicts"), storage, 1)

    assert [one.file for one in written] == [None]


def test_a_table_that_is_appended_to_without_the_claim_is_merged(tmp_path: Path) -> None:
    view = open_small(tmp_path)
    for model in ("first", "second"):
        _evaluate(view.lake, model)
    before = view.snapshot("evaluations").read(["run_id", "triple_id", "order", "outcome"])
    assert view.snapshot("evaluations").files.height == 6

    (unit,) = plan("evaluations", view)
    with view.lake.claim("test") as claim:
        done = run_unit(unit, Rewrite("evaluations"), view.lake.storage, claim.epoch)
        files = [one.file for one in done if one.file is not None]
        view.lake.commit("evaluations", files, claim, remove=view.snapshot("evaluations").files["path"].to_list())
    view.forget()

    after = view.snapshot("evaluations").read(["run_id", "triple_id", "order", "outcome"])
    assert view.snapshot("evaluations").files.height == 1
    order = ["run_id", "triple_id", "order"]
    assert after.drop("_file").sort(order).equals(before.drop("_file").sort(order))
    assert plan("evaluations", view) == []
    _evaluate(view.lake, "first")  # finds all its rows in the merged file
    assert view.lake.table("evaluations").snapshot().rows == before.height


def _evaluate(lake: Lake, model: str) -> None:
    run = Run("sample", "abc", model, "mc", "debiased", "full")
    made = triples(6)
    kept = RunRows(lake, run)
    kept.open()
    for start in (0, 2, 4):
        part = made[start : start + 2]
        outcomes = [Outcome(one.triple_id, order, "S", 1.0, (-1.0, -2.0)) for one in part for order in ("S", "RS")]
        kept.keep(run.rows(part, outcomes, {one.triple_id: "core" for one in part}))
        kept.commit()
