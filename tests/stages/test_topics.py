"""Topics on small lakes: fitted once for given options, kept as the lake grows, and known again after a refit."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from navab.live import words_on_topics
from navab.overrides import import_decisions
from navab.view import View
from tests.inprocess import article, open_small, rows, run_until, write_jsonl

SUBJECTS = (
    "The minister told parliament that the new law on asylum would protect families who flee from war and hunger.",
    "The striker scored twice in the second half and secured the club a narrow victory in the home game on Saturday.",
    "Doctors in the northern hospitals warned that winter would be hard because many wards lack trained nurses.",
    "The central bank left its interest rate where it was and said that prices were rising more slowly than feared.",
    "Engineers worked through the night to repair the old bridge whose cables had rusted in decades of storms.",
    "The orchestra opened its season with three symphonies and a long ovation for the conductor who now retires.",
    "Farmers along the river asked for help after the flood had carried away fences, seed and a hundred sheep.",
    "Pupils of the village school planted apple trees and learned from a beekeeper how a hive lives in winter.",
)


def test_a_return_to_earlier_options_after_growth_assigns_to_the_topics_that_exist(tmp_path: Path) -> None:
    """The second model with these options is another one than the first: its sample has grown."""
    for size, number in ((2, 4), (3, 4), (3, 8), (2, 8)):
        write_jsonl(tmp_path / "a.jsonl", [article(text=text, title=text[:20]) for text in SUBJECTS[:number]])
        view = open_small(tmp_path, topics={"min_cluster_size": size})
        run_until(view, "topics")
        assigned = view.live("article_topics", "topic_id")
        assert assigned.height == number
        assert set(assigned["topic_id"].drop_nulls()) <= set(view.current("topics")["topic_id"])


@pytest.fixture
def fitted(tmp_path: Path) -> tuple[Path, View]:
    """Two topics of five articles each, fitted and assigned."""
    write_jsonl(tmp_path / "a.jsonl", _articles(range(5)))
    view = _open(tmp_path)
    run_until(view, "topics")
    return tmp_path, view


LAW = "The minister told parliament that law number {} on asylum would protect {} families who flee from war."
SPORT = "The striker scored in minute {} and secured the club its victory number {} in the home game on Saturday."


def _articles(numbers: range) -> list[dict[str, object]]:
    texts = [text.format(n, n * 7) for text in (LAW, SPORT) for n in numbers]
    return [article(text=text, title=text[:40]) for text in texts]


def _open(folder: Path, **topics: object) -> View:
    options = {
        "min_cluster_size": 3,
        "neighbors": 3,
        "resolution": 0.5,
        "drift": {"articles": 1, "outlier_share": 1.0, "new_regions": 99},
    } | topics
    return open_small(folder, topics=options, dedup={"threshold": 1.0})


def test_growth_is_measured_once_and_fits_nothing_anew_without_drift(fitted: tuple[Path, View]) -> None:
    folder, view = fitted
    before = rows(view, "topics")
    write_jsonl(folder / "b.jsonl", _articles(range(5, 8)))
    view = _open(folder)
    done = run_until(view, "topics")
    assert (done["topic_drift"], done["topics"]) == (6, 0)
    (measured,) = rows(view, "topic_drift").iter_rows(named=True)
    assert (measured["articles"], measured["measured"], measured["refit"]) == (16, 6, False)
    assert rows(view, "topics").equals(before)
    again = run_until(_open(folder), "topics")
    assert again["topic_drift"] == again["topics"] == again["article_topics"] == 0


def test_what_small_crawls_brought_since_the_fit_is_measured_together(fitted: tuple[Path, View]) -> None:
    folder, _ = fitted
    few = {"articles": 5, "outlier_share": 1.0, "new_regions": 99}
    write_jsonl(folder / "b.jsonl", _articles(range(5, 7)))
    assert run_until(_open(folder, drift=few), "topics")["topic_drift"] == 0
    write_jsonl(folder / "c.jsonl", _articles(range(7, 8)))
    view = _open(folder, drift=few)
    assert run_until(view, "topics")["topic_drift"] == 6
    (measured,) = rows(view, "topic_drift").iter_rows(named=True)
    assert (measured["articles"], measured["measured"]) == (16, 6)


def test_drift_refits_and_topics_keep_their_ids(fitted: tuple[Path, View]) -> None:
    folder, view = fitted
    before = dict(view.live("article_topics", "topic_id").select("article_id", "topic_id").iter_rows())
    write_jsonl(folder / "b.jsonl", _articles(range(5, 8)))
    view = _open(folder, drift={"articles": 1, "movement": 1e-9, "outlier_share": 1e-9})
    done = run_until(view, "topics")
    assert done["topics"] == 16
    (measured,) = rows(view, "topic_drift").iter_rows(named=True)
    assert measured["refit"]
    assert measured["reason"]
    after = dict(view.live("article_topics", "topic_id").select("article_id", "topic_id").iter_rows())
    assert {article: after[article] for article in before} == before
    assert set(rows(view, "topic_changes")["event"]) == {"kept"}
    assert set(rows(view, "topics")["generation"]) == {1}
    again = run_until(_open(folder, drift={"articles": 1, "movement": 1e-9, "outlier_share": 1e-9}), "topics")
    assert again["topic_drift"] == again["topics"] == again["article_topics"] == 0


def test_a_persons_word_survives_a_refit(fitted: tuple[Path, View]) -> None:
    folder, view = fitted
    run_until(view, "screening")
    sport = next(row["topic_id"] for row in rows(view, "topics").iter_rows(named=True) if not row["sensitive"])
    with view.lake.claim("test") as claim:
        import_decisions({sport: (True, "we want it")}, view, claim)
    view = _open(folder, resolution=0.6)  # other options: every topic is fitted anew
    assert run_until(view, "screening")["topics"] == 10
    (topic,) = rows(view, "topics").filter(pl.col("topic_id") == sport).iter_rows(named=True)
    assert (topic["sensitive"], topic["decided_by"]) == (True, "person")
    screened = view.live("screening", "topic_id", "decided_by", "sensitive").filter(pl.col("topic_id") == sport)
    assert screened.height >= 4
    assert set(screened["decided_by"]) == {"person"}
    assert screened["sensitive"].all()


def test_words_on_a_topic_hold_for_what_came_from_it(fitted: tuple[Path, View]) -> None:
    _, view = fitted
    one, other = rows(view, "topics")["topic_id"]
    with view.lake.claim("test") as claim:
        import_decisions({one: (False, "no")}, view, claim)
    words = dict(words_on_topics(view).select("topic_id", "person").iter_rows())
    assert words == {one: False, other: None}


def test_the_order_of_articles_and_the_size_of_units_do_not_matter(tmp_path: Path) -> None:
    """The same articles, turned round and divided otherwise, have the same topics, ids and members."""
    articles = _articles(range(6))
    found = []
    for name, records, unit_rows in (("one", articles, 512), ("other", articles[::-1], 3)):
        write_jsonl(tmp_path / name / "a.jsonl", records)
        options = {"min_cluster_size": 3, "neighbors": 3, "resolution": 0.5}
        view = open_small(tmp_path / name, topics=options, dedup={"threshold": 1.0}, resources={"unit_rows": unit_rows})
        run_until(view, "screening")
        made = ("topics", "article_topics", "screening")
        found.append({table: rows(view, table).sort(view.key(table)).drop("_file", strict=False) for table in made})
    for table, frame in found[0].items():
        assert frame.equals(found[1][table]), table
    assert found[0]["topics"].height > 1
