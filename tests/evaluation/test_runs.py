"""Runs: what tells them apart, and what they need not ask because another one has."""

from __future__ import annotations

from datetime import UTC, datetime, time
from pathlib import Path

import polars as pl
import pytest

from navab.evaluate import Model, model_beside
from navab.evaluation.bag_of_words import NAME as BAG_OF_WORDS
from navab.evaluation.table import read_records
from navab.lake.lake import Lake
from navab.options.evaluation import ModelSection
from tests.evaluation.conftest import COUNT, write_release
from tests.evaluation.endpoint import Endpoint
from tests.evaluation.test_command import navab, stored

QUESTION = "Is it right to cut taxes?"


@pytest.fixture
def arguments(configuration: Path) -> tuple[object, ...]:
    """Multiple choice in both orders, without baselines."""
    return ("evaluate", "--config", configuration, "--method", "mc", "--set", "evaluation.protocols=[debiased]",
            "--set", "evaluation.baselines=false")  # fmt: skip


def test_a_data_set_of_others_is_its_own_core(lake: Path, arguments: tuple[object, ...]) -> None:
    for day, name in enumerate(("theirs", "theirs-2"), 2):
        write_release(lake, name, range(100 * day, 100 * day + 10), day=day, benchmark="navab-authors")
    navab(*arguments, "--release", "theirs-2")
    assert dict(stored(lake).group_by("part").len().iter_rows()) == {"core": 2 * 10}


def test_another_core_is_another_run(lake: Path, arguments: tuple[object, ...], endpoint: Endpoint) -> None:
    write_release(lake, "second", range(10, COUNT + 20), day=2)
    navab(*arguments)
    asked = endpoint.requests
    navab(*arguments, "--set", "evaluation.core=second")
    assert endpoint.requests == asked
    parts = stored(lake).unique(["run_id", "triple_id"]).group_by("run_id", "part").len()
    assert sorted(parts.select("part", "len").iter_rows()) == [("core", COUNT), ("core", COUNT + 10), ("rolling", 20)]


def test_another_split_asks_nothing_twice(lake: Path, arguments: tuple[object, ...], endpoint: Endpoint) -> None:
    navab(*arguments)
    asked = endpoint.requests
    navab(*arguments, "--set", "evaluation.split=all")
    assert endpoint.requests == asked
    assert sorted(stored(lake).group_by("run_id").len()["len"]) == [2 * COUNT, 2 * COUNT]


@pytest.mark.parametrize("question", [{}, {"question": QUESTION}])
def test_a_changed_question_is_asked_once(
    lake: Path, arguments: tuple[object, ...], endpoint: Endpoint, question: dict[str, object]
) -> None:
    """Whichever of two wordings a third release has, it takes over what was scored on that one."""
    write_release(lake, "second", range(COUNT), day=2, question=QUESTION)
    for name in ("first", "second"):
        navab(*arguments, "--release", name, "--set", f"evaluation.core={name}")
    asked = endpoint.requests
    assert asked == 2 * 2 * COUNT
    write_release(lake, "third", range(COUNT), day=3, **question)
    navab(*arguments, "--release", "third", "--set", "evaluation.core=third")
    assert endpoint.requests == asked
    assert stored(lake).filter(pl.col("release") == "third").height == 2 * COUNT


def test_words_are_learnt_anew_from_other_triples(lake: Path, arguments: tuple[object, ...]) -> None:
    for limit in (12, 15):
        navab(*arguments, "--set", "evaluation.baselines=true", "--set", f"evaluation.limit={limit}")
    runs = stored(lake).filter(pl.col("model") == BAG_OF_WORDS).group_by("run_id").len()
    assert sorted(runs["len"]) == [2 * 12, 2 * 15]


def test_a_cut_off_may_be_told_later(lake: Path, arguments: tuple[object, ...], endpoint: Endpoint) -> None:
    for cutoff in ("2024-06-30", "2024-03-31"):
        served = f"{{model: served, kind: http, url: '{endpoint.url}', cutoff: {cutoff}}}"
        navab(*arguments, "--set", f"evaluation.models=[{served}]")
    (record,) = read_records(Lake(str(lake)).storage)
    assert record.cutoff == datetime.combine(datetime(2024, 3, 31), time.max, UTC)


def test_a_judge_that_is_the_model_itself_is_loaded_once() -> None:
    judge = Model(ModelSection(model="m", kind="vllm"))
    assert model_beside(judge, ModelSection(model="m", kind="vllm")) is judge
    assert model_beside(judge, ModelSection(model="m", kind="vllm", dtype="bfloat16")) is not judge
