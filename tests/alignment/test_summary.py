"""What a training has changed, from evaluations as `navab evaluate` writes them, and the report's section on it."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import pytest

from navab.alignment.summary import summarise
from navab.alignment.training import General, Point, save_training
from navab.commands.opening import open_view
from navab.evaluate import evaluate
from navab.options.alignment import AlignmentSection
from navab.options.evaluation import EvaluationSection, ModelSection
from navab.release.find import find_releases
from navab.release.load import load_release
from navab.report.alignments import alignments
from navab.report.data import ReportData
from navab.report.page import render_report
from navab.view import View
from tests.alignment.test_training import TRAINING, record
from tests.evaluation.conftest import write_release
from tests.evaluation.endpoint import serving
from tests.report.conftest import data

__all__ = ["data"]  # a fixture

COUNT = 40


@pytest.fixture
def view(tmp_path: Path) -> View:
    write_release(tmp_path, "first", range(COUNT))
    return open_view(None, [f"lake={tmp_path}"])


def measured(view: View, name: str, truths: Collection[str]) -> dict[str, str]:
    """Runs of a model that sides with some statements."""
    with serving(frozenset(truths)) as endpoint:
        section = ModelSection(model=name, kind="http", url=endpoint.url)
        options = EvaluationSection(methods=("likelihood",), baselines=False)
        return {run.method: run.run_id for run in evaluate(view, [section], options)}


def test_gains_of_seeds_are_put_together_by_nation_and_polarity(view: View, data: ReportData) -> None:
    release = load_release(view.lake.storage.uri("releases", "first"))
    statements, reversals = release["statement"].to_list(), release["reversed_statement"].to_list()
    before = measured(view, "base", reversals)
    for seed, truths in enumerate((statements, reversals)):
        training = replace(TRAINING, release="first", seed=seed)
        general = General(right=0.5, answered=1.0, questions=22)
        curve = [Point(step=step, loss=0.7 / step) for step in (1, 2)]
        shown = {"general_before": general, "general_after": general, "curve": curve, "before": before}
        cues = {"cues": {"words": 0.775, "negation": 0.5, "length": 0.5}, "left_out": 3}
        limited = {"settings": {**AlignmentSection().model_dump(mode="json"), "limit": 9 + seed}}
        save_training(
            view.lake.storage, record(training, after=measured(view, training.name, truths), **shown, **cues, **limited)
        )
    boards = alignments(view.lake, view.registry)
    (one,) = (board.summary for board in boards)
    assert [gain.part for gain in one.nations] == ["cn", "uk", "all"]
    britain = one.nations[1]
    assert (britain.before, britain.after, britain.gain.count) == (0.0, 0.5, COUNT // 2)
    assert britain.by_seed == (1.0, 0.0)
    assert [gain.part for gain in one.polarities] == ["RS negated", "all"]
    page = render_report(replace(data, alignments=boards))
    section = page.partition('<section id="alignment"')[2].partition("</section>")[0]
    assert "+50.0" in section
    assert "labels of the release" in section
    assert "of which words alone tell 78 % apart. 3 pairs were left out" in section
    assert len(re.findall("<polyline", section)) == 2


def test_trainings_that_were_not_measured_say_nothing(view: View) -> None:
    training = replace(TRAINING, release="first")
    releases = find_releases(view.lake.storage, ())
    assert summarise(view.lake, view.registry, [record(training)], releases) == []
    assert alignments(view.lake, view.registry) == ()
