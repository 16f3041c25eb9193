"""Releases of a lake: only what Conflict Reduction has decided on as it is configured now."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from navab.errors import NothingToReleaseError
from navab.publish import contradictions, publish
from navab.release.find import verify_release
from tests.inprocess import run_step, run_until
from tests.stages.test_conflicts import view_of

NOTHING_ALIKE = {"min_similarity": 0.999}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake without a pair: none is judged, so that nothing but the search itself tells it from one not searched."""
    folder = tmp_path_factory.mktemp("built")
    run_until(view_of(folder, conflicts=NOTHING_ALIKE), "triples")
    return folder


@pytest.mark.parametrize("options", [{"min_similarity": 0.2}, {"neighbors": 1}, {"home_weight": 3.0}])
def test_what_was_not_searched_and_decided_as_configured_is_not_released(
    built: Path, tmp_path: Path, options: dict[str, object]
) -> None:
    shutil.copytree(built / "lake", tmp_path / "lake")
    view = view_of(tmp_path, conflicts=NOTHING_ALIKE | options)
    with pytest.raises(NothingToReleaseError, match="run `navab run` first"):
        publish(view)
    run_until(view, "triples")
    assert publish(view).new


def test_a_search_that_was_not_resolved_yet_is_not_released(built: Path, tmp_path: Path) -> None:
    shutil.copytree(built / "lake", tmp_path / "lake")
    view = view_of(tmp_path, conflicts=NOTHING_ALIKE | {"neighbors": 1})
    with view.lake.claim("test") as claim:
        for step in ("searches", "compared", "conflicts"):
            run_step(view, claim, step)
    with pytest.raises(NothingToReleaseError, match="run `navab run` first"):
        publish(view)


def test_verification_names_what_the_lake_has_found_to_contradict_each_other_since(built: Path, tmp_path: Path) -> None:
    shutil.copytree(built / "lake", tmp_path / "lake")
    before = view_of(tmp_path, conflicts=NOTHING_ALIKE)
    name = publish(before).manifest.name
    assert verify_release(before.lake.storage, name, lambda: contradictions(before)).ok
    view = view_of(tmp_path, conflicts={"min_similarity": 0.2})
    run_until(view, "conflicts")
    found = verify_release(view.lake.storage, name, lambda: contradictions(view))
    assert any("contradict each other and are both retained" in problem for problem in found.problems)


def test_a_release_without_conflict_reduction_may_hold_contradictions(built: Path, tmp_path: Path) -> None:
    shutil.copytree(built / "lake", tmp_path / "lake")
    run_until(view_of(tmp_path, conflicts={"min_similarity": 0.2}), "triples")
    without = view_of(tmp_path, conflicts={"min_similarity": 0.2, "enabled": False})
    run_until(without, "triples")
    name = publish(without).manifest.name
    assert contradictions(without)
    assert verify_release(without.lake.storage, name, lambda: contradictions(without)).ok
