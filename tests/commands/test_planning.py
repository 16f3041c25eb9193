"""`navab run --plan`: pending rows, rows that they lead to, and time by what earlier runs have taken."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from navab.commands.planning import show_plan
from navab.execution.runs import RunRecord, StepRecord, save_run
from navab.pipeline import STAGES
from navab.view import View
from tests.crawls import crawl
from tests.inprocess import open_small, run_until


def look(folder: Path, **settings: object) -> View:
    sources = [{"path": f"{folder}/{{date}}/*.jsonl"}]
    return open_small(folder, nations=["uk"], sources=sources, screening={"keep": "all"}, **settings)


def planned(view: View, capsys: pytest.CaptureFixture[str]) -> tuple[dict[str, list[str]], str]:
    """Columns of every step, and the line below."""
    show_plan(view, None)
    lines = [line for line in capsys.readouterr().out.splitlines() if line.strip()]
    table = [line.split() for line in lines[1:-1]]
    return {step: columns for step, *columns in table}, lines[-1]


def test_nothing_was_measured_yet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    crawl(tmp_path, "2026-11-01", 0)
    steps, total = planned(look(tmp_path), capsys)
    assert steps["articles"][:3] == ["1", "files", "?"]
    assert steps["triples"] == ["0", "?", "?", "?", "?"]
    assert "run one crawl first" in total
    assert not (tmp_path / "lake").exists()


def test_of_a_new_lake_the_time_is_not_known(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    crawl(tmp_path, "2026-11-01", 0, count=4)
    assert planned(look(tmp_path), capsys)[1].startswith("The time is not known; 0")


def test_a_second_crawl_is_measured_by_the_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    crawl(tmp_path, "2026-11-01", 0, count=4)
    view = look(tmp_path)
    done = run_until(view, "triples")
    steps = [
        StepRecord(stage=stage.name, step=step.name, rows=done[step.name], seconds=2.0 * done[step.name])
        for stage in STAGES
        for step in stage.steps
    ]
    save_run(
        view.lake.storage,
        RunRecord(command="run", started_at=datetime.now(UTC), engine="rules (baseline)", steps=steps),
    )
    assert planned(look(tmp_path), capsys)[1] == "Nothing is pending."
    crawl(tmp_path, "2026-11-02", 4, count=4)
    crawl(tmp_path, "2026-11-03", 8, count=4)
    found, total = planned(look(tmp_path), capsys)
    assert found["articles"] == ["2", "files", "4", "s"]
    assert found["embeddings"] == ["0", "8", "16", "s"]
    assert found["triples"] == ["0", "8", "16", "s"]
    minutes, seconds = divmod(sum(int(row[-2]) for row in found.values() if row[-1] == "s"), 60)
    assert total.startswith(f"About {minutes} min {seconds} s ")
    assert "0 tokens (the engine rules needs none, and no GPU)" in total
    assert "?" not in total


def test_a_model_is_measured_by_its_own_runs_and_in_gpu_hours(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    crawl(tmp_path, "2026-11-01", 0, count=4)
    view = look(tmp_path)
    run_until(view, "screening")
    for engine, seconds in (("vllm some-model", 1800.0), ("rules (baseline)", 1.0)):
        steps = [StepRecord(stage="topics", step="topics", rows=4, seconds=seconds)]
        record = RunRecord(command="run", started_at=datetime.now(UTC), engine=engine, steps=steps)
        save_run(view.lake.storage, record)
    engine = {"kind": "vllm", "model": "some-model", "vllm": {"replicas": 2, "tensor_parallel": 4}}
    found, total = planned(look(tmp_path, engine=engine), capsys)
    assert found["topics"] == ["4", "30", "min", "00", "s"]
    assert "4.0 GPU hours of engines" in total
