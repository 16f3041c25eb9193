"""The leaderboard: from a lake's evaluations to the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from navab.evaluation.bag_of_words import NAME as BAG_OF_WORDS
from navab.evaluation.bag_of_words import bag_of_words
from navab.evaluation.methods import Outcome
from navab.evaluation.run import Run
from navab.evaluation.standings import ALL
from navab.evaluation.table import RunRows, save_record, start_record
from navab.evaluation.triples import Triple, triples_of
from navab.lake.lake import Lake
from navab.release.find import find_release
from navab.report.comparisons import MOST_DIFFERENCES, MOST_PAIRS
from navab.report.data import ReportData
from navab.report.leaderboard import Board, leaderboard
from navab.report.page import render_report
from tests.evaluation.conftest import write_release
from tests.report.test_page import HOSTILE, Page, poisoned

COUNT = 80  # half of them of each nation
ROLLING = 30  # groups from this one on, of forty
Says = Callable[[Triple, str], tuple[str, float]]  # outcome and margin of a triple in an order


def statement(triple: Triple, order: str) -> tuple[str, float]:
    return "S", 2.0


def first(triple: Triple, order: str) -> tuple[str, float]:
    return order, 1.0 if order == "S" else -1.0


def of_the_kingdom(triple: Triple, order: str) -> tuple[str, float]:
    """Sides with the statements of one nation only."""
    return ("S", 1.5) if triple.nation == "uk" else ("RS", -1.5 - triple.group_id / 100)


def of_the_rolling_set(triple: Triple, order: str) -> tuple[str, float]:
    """Sides with the statements of the rolling set only."""
    return ("S", 1.0) if triple.group_id >= ROLLING else ("RS", -1.0)


def write(lake: Lake, run: Run, made: Sequence[Triple], outcomes: Sequence[Outcome], **record_of: object) -> None:
    """Store a run; triples of the last groups are its rolling set."""
    rows = RunRows(lake, run)
    rows.open()
    record = start_record(run, len(made), None).model_copy(update={"finished": True, **record_of})
    if outcomes:
        parts: dict[int, str] = {one.triple_id: "rolling" if one.group_id >= ROLLING else "core" for one in made}
        rows.keep(run.rows(made, outcomes, parts))
        rows.commit()
    save_record(lake.storage, record)


def evaluate(
    lake: Lake,
    model: str,
    says: Says,
    *,
    method: str = "mc",
    condition: str = "full",
    settings: Mapping[str, object] | None = None,
    **record_of: object,
) -> None:
    made, fingerprint = asked(lake)
    outcomes = [
        Outcome(triple.triple_id, order, says(triple, order)[0], says(triple, order)[1], (says(triple, order)[1], 0.0))
        for triple in made
        for order in ("S", "RS")
    ]
    if method == "aj":
        outcomes = [replace(one, answer=f"{model} thinks so.") for one in outcomes]
    run = Run("first", fingerprint, model, method, "debiased", condition, settings or {})
    write(lake, run, made, outcomes, **record_of)


def asked(lake: Lake) -> tuple[list[Triple], str]:
    release = find_release(lake.storage, "first")
    return triples_of(pl.DataFrame(release.dataset("test").to_table())), release.manifest.fingerprint


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    write_release(tmp_path / "lake", "first", range(COUNT))
    return Lake(str(tmp_path / "lake"))


@pytest.fixture
def evaluated(lake: Lake) -> Lake:
    evaluate(lake, "always-first", first)
    evaluate(lake, "kingdom", of_the_kingdom)
    evaluate(lake, "kingdom", first, condition="choices_only")
    evaluate(lake, "knows-all", statement)
    made, fingerprint = asked(lake)
    words = Run("first", fingerprint, BAG_OF_WORDS, "mc", "none", "choices_only")
    write(lake, words, made, bag_of_words(made), negated={"cn": (0.0, 1.0), "uk": (0.1, 0.9)})
    return lake


@pytest.fixture
def board(evaluated: Lake) -> Board:
    (board,) = leaderboard(evaluated)
    return board


def test_a_lake_without_evaluations_has_no_board(lake: Lake) -> None:
    assert leaderboard(lake) == ()


def test_the_best_model_comes_first_and_each_before_its_baselines(board: Board) -> None:
    assert board.nations == ("cn", "uk", ALL)
    assert [(row.model, row.condition) for row in board.rows] == [
        ("knows-all", "full"),
        ("always-first", "full"),
        ("kingdom", "full"),
        ("kingdom", "choices_only"),
        (BAG_OF_WORDS, "choices_only"),
    ]


def test_cells_are_the_models_rates_nation_by_nation(board: Board) -> None:
    rates = {row.model: [cell and cell.rate for cell in row.cells] for row in board.rows if not row.is_baseline}
    assert rates == {"knows-all": [1, 1, 1], "always-first": [0.5, 0.5, 0.5], "kingdom": [0, 1, 0.5]}
    assert all(cell and cell.low <= cell.rate <= cell.high for row in board.rows for cell in row.cells)
    assert {row.model: row.bias for row in board.rows if not row.is_baseline} == {
        "knows-all": 0,
        "always-first": 1,
        "kingdom": 0,
    }


def test_two_models_differ_on_what_one_of_them_gets_wrong(board: Board) -> None:
    (pair,) = [one for one in board.pairs if (one.first, one.second) == ("knows-all", "kingdom")]
    assert pair.comparison.difference.mean == 0.5
    assert pair.comparison.p_value < 0.01
    assert (pair.total, len(pair.differences)) == (COUNT // 2, MOST_DIFFERENCES)
    assert {one.nation for one in pair.differences} == {"cn"}
    assert {(one.first.outcome, one.second.outcome) for one in pair.differences} == {("S", "RS")}
    apart = [one.first.margin - one.second.margin for one in pair.differences]
    assert apart == sorted(apart, reverse=True)
    assert pair.differences[0].question == "是否应当减税？"


def test_topics_and_sources_have_rates_of_their_own(board: Board) -> None:
    own = {(one.nation, one.source_type): one.cell for one in board.details if one.model == "knows-all"}
    assert {key: cell.rate for key, cell in own.items()} == dict.fromkeys(own, 1.0)
    assert ("uk", "official") in own and ("cn", "quoted") in own


def test_a_run_that_has_scored_nothing_is_not_shown(evaluated: Lake, board: Board) -> None:
    _, fingerprint = asked(evaluated)
    write(evaluated, Run("first", fingerprint, "late", "mc", "debiased", "full"), [], [], finished=False)
    write(evaluated, Run("first", fingerprint, "late", "likelihood", "none", "full"), [], [], finished=False)
    assert leaderboard(evaluated) == (board,)


def test_only_what_was_asked_alike_stands_on_one_board(evaluated: Lake) -> None:
    for settings in ({"split": "all"}, {"judge": {"model": "strict"}}):
        evaluate(evaluated, "kingdom", first, settings=settings)
    boards = leaderboard(evaluated)
    assert sorted((one.split, one.judge or "", len(one.pairs)) for one in boards) == [
        ("all", "", 0),
        ("test", "", 3),
        ("test", "strict", 0),
    ]


def test_baselines_are_those_of_the_very_run(evaluated: Lake) -> None:
    evaluate(evaluated, "kingdom", first, settings={"model": "in another precision"})
    (board,) = leaderboard(evaluated)
    assert [row.condition for row in board.rows if row.model == "kingdom"] == ["full"]


def test_the_best_models_are_compared_first(evaluated: Lake, data: ReportData) -> None:
    for model in ("a", "b"):
        evaluate(evaluated, model, lambda triple, order: ("RS", -1.0))
    (board,) = leaderboard(evaluated)
    assert [pair.first for pair in board.pairs] == ["knows-all"] * 4 + ["always-first"] * (MOST_PAIRS - 4)
    html = render_report(replace(data, boards=(board,)))
    assert f"{MOST_PAIRS} of 10 pairs of models are shown." in html


def test_differences_are_shown_in_the_words_that_were_asked(evaluated: Lake, tmp_path: Path) -> None:
    """Those of the core set in the core release's, which a later release may have changed."""
    write_release(tmp_path / "lake", "core", range(COUNT), question="Asked before?")
    settings = {"core": find_release(evaluated.storage, "core").manifest.fingerprint}
    evaluate(evaluated, "knows-all", statement, settings=settings)
    evaluate(evaluated, "never", lambda triple, order: ("RS", -1.0 - triple.group_id), settings=settings)
    (pair,) = next(one for one in leaderboard(evaluated) if len(one.pairs) == 1).pairs
    questions = [one.question for one in pair.differences]
    assert questions.count("Asked before?") == MOST_DIFFERENCES - 20
    assert len(questions) == MOST_DIFFERENCES


def test_a_board_says_what_its_rates_may_rest_on(evaluated: Lake, data: ReportData) -> None:
    cutoff = datetime(2024, 6, 30, tzinfo=UTC)
    evaluate(evaluated, "forgetful", of_the_rolling_set, cutoff=cutoff)
    evaluate(evaluated, "forgetful", statement, method="likelihood", canary_rank=2)
    board, _ = leaderboard(evaluated)
    (own,) = [one for one in board.parts if one.model == "forgetful"]
    assert own.core and own.rolling and own.before and own.after
    assert (own.core.rate, own.rolling.rate, own.canary_rank) == (0, 1, 2)
    assert own.before.triples + own.after.triples == COUNT
    assert [one.reversals for one in board.negated] == [1.0, 0.9]
    text = " ".join("".join(Page(render_report(replace(data, boards=(board,)))).text).split())
    assert "What the rates may rest on" in text and "10%90%" in text


def test_the_page_shows_models_baselines_and_differences(evaluated: Lake, data: ReportData) -> None:
    evaluate(evaluated, "knows-all", statement, method="aj")
    evaluate(evaluated, "kingdom", of_the_kingdom, method="aj")
    html = render_report(replace(data, boards=leaderboard(evaluated)))
    page = Page(html)
    text = " ".join("".join(page.text).split())
    assert "Multiple choice" in text and "Free answers, judged" in text
    assert "bag of words, no model" in text
    assert "knows-all against kingdom: +50.0 points" in text
    assert "p < 0.001; 40 triples differ" in text
    assert text.index("Multiple choice") < text.index("Free answers, judged")
    assert "knows-all thinks so." in text
    assert {"href": "#models"} in page.find("a")
    ids = [found["id"] for _, found in page.elements if "id" in found]
    assert len(ids) == len(set(ids))
    for form in page.find("form"):
        name = str(form["data-filters"]).split()[0].removeprefix("#")
        assert name in ids


def test_no_models_no_section(data: ReportData) -> None:
    assert "#models" not in render_report(data)


@pytest.mark.parametrize("poison", HOSTILE)
def test_no_string_of_an_evaluation_becomes_markup(evaluated: Lake, data: ReportData, poison: str) -> None:
    evaluate(evaluated, "kingdom", of_the_kingdom, method="aj")
    evaluate(evaluated, "knows-all", statement, method="aj")
    boards = leaderboard(evaluated)
    clean = Page(render_report(replace(data, boards=boards)))
    dirty = Page(render_report(replace(data, boards=poisoned(boards, poison))))
    attributes = {name for _, found in clean.elements for name in found}
    assert {name for name, _ in dirty.elements} <= {name for name, _ in clean.elements} | {"small", "span"}
    assert {name for _, found in dirty.elements for name in found} <= attributes
