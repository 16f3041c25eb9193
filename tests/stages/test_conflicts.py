"""Conflicts as a stage: searched in parts and through cells, later crawls alone, decisions with reasons."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl
import pytest

from navab.conflict import cells
from navab.conflict.engine_judge import EngineJudge
from navab.conflict.rules_judge import RulesJudge
from navab.execution.units import run_unit
from navab.live import standing_statements
from navab.stages import candidates, conflicts
from navab.view import View
from tests.conflict.test_judgement import LetterEngine
from tests.inprocess import open_small, rows, run_step, run_until

SAMPLE = Path(__file__).resolve().parents[2] / "examples" / "sample"
STEPS = ("cells", "searches", "compared", "conflicts", "resolutions")


def view_of(folder: Path, *crawls: str, **settings: object) -> View:
    sources = [{"path": str(SAMPLE / crawl / "u?.jsonl"), "crawl": crawl} for crawl in crawls or ("crawl-1",)]
    return open_small(folder, sources=sources, nations=["uk", "us"], **settings)


@pytest.fixture(scope="module")
def stated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake whose statements stand and are not searched yet."""
    folder = tmp_path_factory.mktemp("stated")
    run_until(view_of(folder), "statements")
    return folder


@pytest.fixture
def folder(stated: Path, tmp_path: Path) -> Path:
    shutil.copytree(stated / "lake", tmp_path / "lake")
    return tmp_path


def reduce(view: View) -> dict[str, int]:
    with view.lake.claim("test") as claim:
        done = {step: run_step(view, claim, step) for step in STEPS}
    assert all(equation.holds for stage in (candidates, conflicts) for equation in stage.conservation(view))
    return done


def found(view: View, table: str) -> pl.DataFrame:
    frame = rows(view, table)
    return frame.sort(frame.columns)


def test_contradictions_are_judged_with_reason_and_parties(folder: Path) -> None:
    view = view_of(folder)
    done = reduce(view)
    judged, resolved = rows(view, "conflicts"), rows(view, "resolutions")
    against = judged.filter(pl.col("verdict") == "contradiction")
    assert done["conflicts"] == judged.height > against.height > 0
    assert against["decided"].all()
    assert set(against["parties"]) <= {"one", "two", "unknown"}
    assert judged.filter(pl.col("verdict") != "contradiction")["parties"].is_null().all()
    disputed = resolved.filter(pl.col("stance") != "undisputed")
    assert set(disputed["statement_id"]) >= set(against["left_id"]) | set(against["right_id"])
    assert disputed["component_digest"].is_not_null().all()
    assert reduce(view) == dict.fromkeys(STEPS, 0)


def test_parts_and_cells_find_the_same(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = view_of(folder)
    reduce(whole)
    other = tmp_path / "other"
    shutil.copytree(
        folder / "lake", other / "lake", ignore=shutil.ignore_patterns("candidates", "searches", "conflicts")
    )
    monkeypatch.setattr(candidates, "EXACT_LIMIT", 20)
    monkeypatch.setattr(candidates, "SEARCHED_ROWS", 7)
    monkeypatch.setattr(cells, "CELL_SIZE", 10)
    parts = view_of(other)
    assert len(candidates.plan_cells(parts)) == 2
    done = reduce(parts)
    assert done["cells"] > 4
    assert found(parts, "candidates").equals(found(whole, "candidates"))
    assert found(parts, "searches").equals(found(whole, "searches"))


def test_a_later_crawl_is_searched_alone_and_touches_only_its_own_conflicts(folder: Path) -> None:
    first = view_of(folder)
    reduce(first)
    before = {table: rows(first, table) for table in ("searches", "conflicts", "resolutions")}
    both = view_of(folder, "crawl-1", "crawl-2")
    done = run_until(both, "conflicts")
    standing = rows(both, "searches").height
    assert 0 < done["searches"] == standing - before["searches"].height < standing / 4
    assert done["conflicts"] == rows(both, "conflicts").height - before["conflicts"].height
    resolved = rows(both, "resolutions").join(before["resolutions"], on="statement_id", how="left", suffix="_old")
    assert resolved["stance_before"].eq_missing(resolved["stance_old"]).all()
    untouched = resolved.filter(pl.col("component_digest") == pl.col("component_digest_old"))
    assert untouched.height > 0
    assert untouched["retained"].eq(untouched["retained_old"]).all()


def test_an_interrupted_search_does_not_double_its_pairs(folder: Path) -> None:
    """Candidates are committed before searches: a crash in between leaves pairs that are found again."""
    view = view_of(folder)
    with view.lake.claim("test") as claim:
        (unit, *_) = candidates.plan_searches(view)
        work = candidates.SearchCandidates(view.configuration.conflicts)
        written = [done.file for done in run_unit(unit, work, view.lake.storage, claim.epoch) if done.file is not None]
        view.lake.commit("candidates", [file for file in written if file.table == "candidates"], claim)
        view.forget(("candidates",))
    reduce(view)
    pairs = rows(view, "candidates").select("left_id", "right_id")
    assert pairs.height == pairs.unique().height


def test_another_judge_judges_the_same_candidates_anew(folder: Path) -> None:
    view = view_of(folder)
    reduce(view)
    named = view_of(folder, conflicts={"judge": "cross-encoder", "model": "some/model"})
    assert named.pending("searches").is_empty()
    assert named.pending("conflicts").height == rows(view, "conflicts").height


@pytest.mark.parametrize("options", [{"min_similarity": 0.4}, {"neighbors": 199}])
def test_another_search_has_no_pair_judged_again(folder: Path, options: dict[str, object]) -> None:
    view = view_of(folder, conflicts={"min_similarity": 0.5})
    reduce(view)
    before = pairs(view)
    other = view_of(folder, conflicts={"min_similarity": 0.5} | options)
    done = reduce(other)
    assert done["searches"] > 0
    assert done["conflicts"] == pairs(other).join(before, on=["left_id", "right_id"], how="anti").height
    assert rows(other, "conflicts").select("left_id", "right_id").is_unique().all()


EVERYTHING = {"min_similarity": 0.2, "neighbors": 10_000}
FIRST, BOTH = ("crawl-1",), ("crawl-1", "crawl-2")
RETURNS = {
    "after a run": [(FIRST, "all", {}), (BOTH, "sensitive", {}), (BOTH, "all", {})],
    "while conflicts are switched off": [
        (FIRST, "all", {}),
        (BOTH, "sensitive", {}),
        (BOTH, "all", {"enabled": False}),
        (BOTH, "all", {}),
    ],
    "after another threshold": [
        (FIRST, "all", {}),
        (BOTH, "sensitive", {}),
        (BOTH, "all", {"min_similarity": 0.9}),
        (BOTH, "all", {}),
    ],
}


@pytest.mark.parametrize("stop", ["conflicts", "candidates"])
@pytest.mark.parametrize("returns", RETURNS)
def test_a_statement_that_comes_back_meets_what_was_added_while_it_did_not_stand(
    folder: Path, tmp_path: Path, returns: str, stop: str
) -> None:
    standing = []
    for crawls, keep, options in RETURNS[returns]:
        view = view_of(folder, *crawls, screening={"keep": keep}, conflicts=EVERYTHING | options)
        run_until(view, stop)
        standing.append(set(standing_statements(view)["statement_id"]))
    assert standing[0] - standing[1], "statements that did not stand"
    assert standing[1] - standing[0], "statements that were added meanwhile"
    reduce(view)
    other = tmp_path / "other"
    shutil.copytree(folder / "lake", other / "lake", ignore=shutil.ignore_patterns("candidates", "searches"))
    afresh = view_of(other, *BOTH, screening={"keep": "all"}, conflicts=EVERYTHING)
    reduce(afresh)
    assert pairs(view).equals(pairs(afresh))


def pairs(view: View) -> pl.DataFrame:
    return view.current("candidates").select("left_id", "right_id").sort("left_id", "right_id")


def test_what_was_searched_is_not_searched_again_because_nothing_was_resolved_yet(folder: Path) -> None:
    view = view_of(folder)
    assert run_until(view, "candidates")["searches"] == rows(view, "searches").height
    assert reduce(view)["searches"] == 0


def test_pairs_that_the_budget_does_not_reach_stay_pending_and_the_others_are_kept(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = view_of(folder, conflicts={"min_similarity": 0.2})
    letters = dict.fromkeys(rows(view, "statements")["text"], "C")
    engine = LetterEngine(letters, budget=7)
    rules = RulesJudge(view.registry)
    monkeypatch.setattr(conflicts, "load_judges", lambda *_: (rules, EngineJudge(engine)))
    with view.lake.claim("test") as claim:
        pairs = [run_step(view, claim, step) for step in STEPS[:4]][3]
    judged = rows(view, "conflicts")
    assert judged["judge"].value_counts().filter(judge="engine:letters")["count"].to_list() == [3]
    assert 0 < view.pending("conflicts").height == pairs - judged.height
    monkeypatch.setattr(conflicts, "load_judges", lambda *_: (rules, EngineJudge(LetterEngine(letters, budget=10_000))))
    reduce(view)
    assert rows(view, "conflicts").height == pairs
