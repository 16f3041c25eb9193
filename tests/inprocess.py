"""Stages here and now: the pipeline's steps, run without Ray on lakes of a few rows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import polars as pl

from navab.configuration import Configuration
from navab.execution.units import run_unit
from navab.lake.claim import Claim
from navab.pipeline import STAGES, open_lake, open_view
from navab.view import View

TEXTS = {
    "en": "The minister said on Monday that the government would not accept the proposal, and called for new talks.",
    "fr": "Le ministre a déclaré lundi que le gouvernement n'accepterait pas la proposition et veut de débats.",
    "de": "Der Minister erklärte am Montag, die Regierung werde den Vorschlag nicht annehmen und fordere Gespräche.",
    "zh": "外交部发言人周一表示，中方坚决反对这一提案，呼吁各方继续对话，通过谈判解决分歧，维护地区的和平与稳定发展。",
}


def article(nation: object = "uk", text: object = TEXTS["en"], **fields: object) -> dict[str, object]:
    """A record as crawls have it."""
    return {"nation": nation, "title": "A title", "text": text, "url": "https://example.org/1"} | fields


def write_jsonl(path: Path, records: Iterable[Mapping[str, object] | str]) -> Path:
    """Write records, or lines as they are, to a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [record if isinstance(record, str) else json.dumps(record, ensure_ascii=False) for record in records]
    path.write_text("".join(line + "\n" for line in lines), "utf-8")
    return path


def open_small(folder: Path, **settings: object) -> View:
    """A view of the lake in a folder, whose sources are the folder's *.jsonl unless said otherwise."""
    document = {"lake": str(folder / "lake"), "sources": [{"path": str(folder / "*.jsonl")}]} | settings
    configuration = Configuration.model_validate(document)
    return open_view(configuration, open_lake(configuration))


def run_until(view: View, stage: str, step: str | None = None) -> dict[str, int]:
    """Run all stages up to one (and within it up to a step); rows that every step had pending."""
    done: dict[str, int] = {}
    with view.lake.claim("test") as claim:
        for one in STAGES:
            for each in one.steps:
                done[each.name] = run_step(view, claim, each.name)
                if (one.name, each.name) == (stage, step):
                    return done
            assert all(equation.holds for equation in one.conservation(view))
            if one.name == stage:
                break
    return done


def run_step(view: View, claim: Claim, name: str) -> int:
    """Plan, work and commit one step; how many rows were pending."""
    step = next(step for stage in STAGES for step in stage.steps if step.name == name)
    units = step.complete(view, step.plan(view))
    for unit in units:
        files = [
            done.file
            for done in run_unit(unit, step.work(view), view.lake.storage, claim.epoch)
            if done.file is not None
        ]
        for table in step.writes:
            own = [file for file in files if file.table == table]
            replace = sorted({file.nation for file in own if file.nation}) if step.replaces else ()
            view.lake.commit(table, own, claim, replace=replace)
    view.forget(step.writes)
    return sum(unit.rows for unit in units)


def rows(view: View, table: str) -> pl.DataFrame:
    """All rows of a table, in the order of its first key."""
    frame = view.snapshot(table).read(list(view.snapshot(table).schema.arrow.names)).drop("_file")
    return frame.sort(view.key(table))
