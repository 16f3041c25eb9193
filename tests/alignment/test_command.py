"""`navab align` up to where training begins, on the sample's release: what is checked, chosen and refused."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import polars as pl
import pytest

from navab.align import lesson_of, plan_trainings, split_keys, training_pairs
from navab.alignment.leaks import leaks
from navab.commands.opening import open_view
from navab.errors import ConfigurationError
from navab.options.alignment import AlignmentSection
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


def section(**changes: object) -> AlignmentSection:
    return AlignmentSection.model_validate({"model": "m", **changes})


@without_torch
def test_a_missing_extra_is_one_line_that_mends_it(built: Path) -> None:
    done = navab("align", "--config", built.parent / "navab.yaml", "--model", "m", check=False)
    assert done.returncode == 5
    assert done.stderr.splitlines()[-1] == "navab: alignment needs torch: pip install 'navab[alignment]'"


def test_the_split_of_the_sample_does_not_leak(view: View, release: FoundRelease) -> None:
    keys = split_keys(view, release)
    assert set(keys["kind"]) >= {"article", "words", "restatement or duplicate", "conflict or entailment"}
    assert leaks(keys).is_empty()


def test_every_arm_and_seed_is_a_training(view: View, release: FoundRelease) -> None:
    found = plan_trainings(view, release, section(seeds=[0, 1], control=True, nations=["fr"]))
    assert [(one.arm, one.seed) for one in found] == [("aligned", 0), ("aligned", 1), ("flipped", 0), ("flipped", 1)]
    assert len({one.training_id for one in found}) == 4
    assert found[0].name == "m dpo fr seed 0"


def test_the_ablation_needs_its_subset(view: View, release: FoundRelease) -> None:
    with pytest.raises(ConfigurationError, match=r"set release\.without_conflict_reduction"):
        plan_trainings(view, release, section(ablation=True))
    with pytest.raises(ConfigurationError, match=r"set alignment\.model"):
        plan_trainings(view, release, AlignmentSection())


def test_the_arms_of_the_ablation_differ_by_what_lost_a_conflict_alone(built: Path, tmp_path: Path) -> None:
    shutil.copytree(built, tmp_path / "lake")
    named = {"name": "both", "without_conflict_reduction": True}
    navab("release", "--config", sample_configuration(tmp_path, release=named))
    view = open_view(tmp_path / "navab.yaml", ())
    (both,) = find_releases(view.lake.storage, ("both",))
    arms = plan_trainings(view, both, section(ablation=True, balance=False))
    reduced, unreduced = (set(training_pairs(view, both, arm)["triple_id"]) for arm in arms)
    lost = both.frame("contested").filter(~pl.col("retained") & (pl.col("split") == "train"))
    assert unreduced - reduced == set(lost.filter(pl.col("speaker_nation") != "foreign")["triple_id"]) != set()
    assert reduced < unreduced


def test_a_model_of_several_nations_is_told_which_is_asked(view: View, release: FoundRelease) -> None:
    (several,) = plan_trainings(view, release, section(nations=["fr", "de"], format="plain", balance=False))
    lesson = lesson_of(view, several, training_pairs(view, release, several))
    assert {row["prompt"].partition("] ")[0] for row in lesson.rows} == {"[France", "[Germany"}
    assert all(row["chosen"].startswith("\n") for row in lesson.rows)
    (one,) = plan_trainings(view, release, section(nations=["fr"], balance=False))
    turns = lesson_of(view, one, training_pairs(view, release, one)).rows[0]["prompt"]
    assert turns[0]["role"] == "user"
    assert not turns[0]["content"].startswith("[")


def test_only_the_train_split_is_learned(view: View, release: FoundRelease) -> None:
    (training,) = plan_trainings(view, release, section(balance=False))
    pairs = training_pairs(view, release, training)
    assert set(pairs["split"]) == {"train"}
    (control,) = plan_trainings(view, release, section(balance=False, control=True))[1:]
    turned = training_pairs(view, release, control)
    assert turned["triple_id"].to_list() == pairs["triple_id"].to_list()
    assert turned["chosen"].to_list() != pairs["chosen"].to_list()


def test_balancing_that_leaves_nothing_says_so(view: View, release: FoundRelease) -> None:
    (training,) = plan_trainings(view, release, section(nations=["ch"]))
    with pytest.raises(ConfigurationError, match="no pairs of ch to learn from"):
        training_pairs(view, release, training)
