"""A real model on the CPU: prefix trees give the scores of full prompts, vLLM and lm-evaluation-harness agree."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import scorer_agreement
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


def test_vllm_picks_what_transformers_pick(tmp_path: Path) -> None:
    """Letters, whose prompts are read once, and texts."""
    release = write_release(tmp_path, "first", range(12))
    assert scorer_agreement.measure(MODEL, str(release), "test", ["float32"], 12)
