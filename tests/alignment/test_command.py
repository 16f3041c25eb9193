"""`navab align` up to where training begins, on the sample's release: what is checked, chosen and refused."""

from __future__ import annotations

import importlib.util
import shutil
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from navab.alignment.leaks import leaks
from navab.alignment.training import Training
from navab.commands.opening import open_view
from navab.errors import ConfigurationError
from navab.lessons import Lessons
from navab.options.alignment import AlignmentSection
from navab.options.evaluation import ModelSection
from navab.release.find import FoundRelease, find_releases
from navab.view import View
from tests.lakes import navab, sample_configuration

without_torch = pytest.mark.skipif(importlib.util.find_spec("torch") is not None, reason="torch is installed")


@pytest.fixture
def view(built: Path) -> View:
    return open_view(built.parent / "navab.yaml", ())


@pytest.fixture
def release(view: View) -> FoundRelease:
    return find_releases(view.lake.storage, ())[0]


def planned(view: View, release: FoundRelease, **options: object) -> tuple[Lessons, list[Training]]:
    lessons = Lessons(view, release, AlignmentSection.model_validate(options))
    return lessons, lessons.plan(ModelSection(model="m"))


@without_torch
def test_a_missing_extra_is_one_line_that_mends_it(built: Path) -> None:
    done = navab("align", "--config", built.parent / "navab.yaml", "--model", "m", check=False)
    assert done.returncode == 5
    assert done.stderr.splitlines()[-1] == "navab: alignment needs torch: pip install 'navab[alignment]'"


def test_the_split_of_the_sample_does_not_leak(view: View, release: FoundRelease) -> None:
    lessons, _ = planned(view, release)
    keys = lessons.keys()
    assert set(keys["kind"]) >= {"article", "words", "restatement or duplicate", "conflict or entailment"}
    assert leaks(keys).is_empty()
    assert lessons.left_out == ()


def test_every_arm_and_seed_is_a_training(view: View, release: FoundRelease) -> None:
    _, found = planned(view, release, seeds=[0, 1, 0], control=True, nations=["fr", "fr"])
    assert [(one.arm, one.seed) for one in found] == [("aligned", 0), ("aligned", 1), ("flipped", 0), ("flipped", 1)]
    assert len({one.training_id for one in found}) == 4
    assert found[0].name == f"m dpo fr seed 0 ({found[0].training_id[:6]})"


def test_the_ablation_needs_its_subset(view: View, release: FoundRelease) -> None:
    with pytest.raises(ConfigurationError, match=r"set release\.without_conflict_reduction"):
        planned(view, release, ablation=True)


def test_the_arms_of_the_ablation_differ_by_what_lost_a_conflict_alone(built: Path, tmp_path: Path) -> None:
    shutil.copytree(built, tmp_path / "lake")
    named = {"name": "both", "without_conflict_reduction": True}
    navab("release", "--config", sample_configuration(tmp_path, release=named))
    view = open_view(tmp_path / "navab.yaml", ())
    (both,) = find_releases(view.lake.storage, ("both",))
    lessons, arms = planned(view, both, ablation=True, balance=False)
    reduced, unreduced = (set(lessons.pairs(arm)["triple_id"]) for arm in arms)
    lost = both.frame("contested").filter(~pl.col("retained") & (pl.col("split") == "train"))
    assert unreduced - reduced == set(lost.filter(pl.col("speaker_nation") != "foreign")["triple_id"]) != set()
    assert reduced < unreduced


def test_a_model_of_several_nations_is_told_which_is_asked(view: View, release: FoundRelease) -> None:
    lessons, (several,) = planned(view, release, nations=["fr", "de"], balance=False)
    lesson = lessons.lesson(several, lessons.pairs(several))
    assert {row["prompt"].partition("] ")[0] for row in lesson.rows} == {"[France", "[Germany"}
    assert all(row["chosen"].startswith("\n") for row in lesson.rows)
    lessons, (one,) = planned(view, release, nations=["fr"], balance=False, format="conversational")
    turns = lessons.lesson(one, lessons.pairs(one)).rows[0]["prompt"]
    assert turns[0]["role"] == "user"
    assert not turns[0]["content"].startswith("[")


def test_only_the_train_split_is_learned(view: View, release: FoundRelease) -> None:
    lessons, (training, control) = planned(view, release, balance=False, control=True)
    pairs, turned = lessons.pairs(training), lessons.pairs(control)
    assert set(pairs["split"]) == {"train"}
    assert turned["triple_id"].to_list() == pairs["triple_id"].to_list()
    assert turned["chosen"].to_list() != pairs["chosen"].to_list()


@pytest.mark.parametrize(("method", "pairs"), [("dpo", 6), ("kto", 3)])
def test_no_more_is_drawn_than_the_steps_learn(view: View, release: FoundRelease, method: str, pairs: int) -> None:
    lessons, (training,) = planned(view, release, balance=False, steps=2, batch=3, method=method)
    drawn = lessons.pairs(training)
    assert drawn.height == pairs
    assert len(lessons.lesson(training, drawn).rows) == 6


def test_who_rewrites_decides_which_training_it_is(view: View, release: FoundRelease) -> None:
    ids = {planned(view, release, rewrite=rewrite)[1][0].training_id for rewrite in (False, True)}
    assert len(ids) == 2


def test_a_nation_without_triples_is_named(view: View, release: FoundRelease) -> None:
    with pytest.raises(ConfigurationError, match=r"has no triples of ch: it has some of cn, de"):
        planned(view, release, nations=["ch"])


def test_balancing_that_leaves_nothing_says_so(view: View, release: FoundRelease) -> None:
    lessons, (training,) = planned(view, release)
    nobody = replace(training, nations=())
    with pytest.raises(ConfigurationError, match="to learn from: choose other"):
        lessons.pairs(nobody)
