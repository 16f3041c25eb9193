"""Topics in the report, from small lakes: headlines of live articles, ways of assignment, and what a refit changed."""

from __future__ import annotations

from pathlib import Path

from navab.report.collect_topics import HEADLINES, assigned_articles, topic_changes, topics
from navab.view import View
from tests.inprocess import article, open_small, run_until, write_jsonl

LAW = "The minister told parliament that law number {} on asylum would protect {} families who flee from war."
SPORT = "The striker scored in minute {} and secured the club its victory number {} in the home game on Saturday."


def opened(folder: Path, least: int) -> View:
    write_jsonl(
        folder / "a.jsonl",
        [
            article(text=text.format(number, number * 7), title=f"{name} {number}")
            for name, text in (("Law", LAW), ("Sport", SPORT))
            for number in range(5)
        ],
    )
    options = {"min_cluster_size": least, "neighbors": 3, "resolution": 0.5}
    view = open_small(folder, topics=options, dedup={"threshold": 1.0})
    run_until(view, "screening")
    return view


def test_topics_have_counts_and_headlines_of_their_own_articles(tmp_path: Path) -> None:
    view = opened(tmp_path, least=3)
    found = topics(view)
    assert len(found) == 2
    for topic in found:
        (name,) = {headline.split()[0] for headline in topic.headlines}
        assert len(set(topic.headlines)) == HEADLINES
        assert topic.sensitive == (name == "Law")
        assert len(topic.centroid) == 512
    ways = {row.nation: row for row in assigned_articles(view)}
    whole = ways[found[0].nation]
    assert whole.cluster + whole.vector + whole.tag + whole.none == 10
    assert sum(topic.articles for topic in found) == 10 - whole.none
    assert topic_changes(view) == (), "a first fit changes nothing"


def test_changes_of_a_refit_are_told(tmp_path: Path) -> None:
    old = {topic.topic_id: topic.label for topic in topics(opened(tmp_path, least=3))}
    view = opened(tmp_path, least=9)  # only one topic of all is as large
    (topic,) = topics(view)
    assert topic.topic_id in old
    (change,) = topic_changes(view)
    assert (change.event, change.topic_id, set(change.related)) == ("merged", topic.topic_id, set(old.values()))
