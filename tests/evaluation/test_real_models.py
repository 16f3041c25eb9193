"""A real model on the CPU: prefix trees give the scores of full prompts, and lm-evaluation-harness agrees."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.lm_eval_agreement import measure
from benchmarks.support.straightforward import Straightforward
from navab.evaluation.methods import Likelihood, MultipleChoice
from navab.evaluation.scorers.transformers import TransformersScorer
from tests.evaluation.conftest import write_release
from tests.evaluation.made import triples

pytestmark = [pytest.mark.slow, pytest.mark.models]
MODEL = "build/models/smollm2"


def test_prefix_trees_give_the_scores_of_full_prompts() -> None:
    made, trees, plain = triples(6), TransformersScorer(MODEL), Straightforward(MODEL)
    assert trees.reads_trees
    for method in (MultipleChoice(), MultipleChoice("paper"), Likelihood(), Likelihood(show_question=False)):
        for one, other in zip(method.outcomes(made, trees), method.outcomes(made, plain), strict=True):
            assert one.outcome == other.outcome
            assert one.scores == pytest.approx(other.scores, abs=1e-2)


def test_the_harness_agrees_on_every_triple(tmp_path: Path) -> None:
    release = write_release(tmp_path, "first", range(12))
    assert measure(MODEL, release, 6, tmp_path / "work")
