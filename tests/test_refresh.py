"""Refresh: what has changed since the last release, gates, and old releases, on lakes of a few articles."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from navab import pipeline
from navab.errors import LakeHeldError, NothingToReleaseError
from navab.publish import publish
from navab.refresh import examine, page_of, patterns, predecessor, remove_old, snapshots_of, waits_for_a_crawl
from navab.release.changelog import Refreshed, change_summary
from navab.release.load import load_release
from navab.takedown.forget import Request, complete, entomb, search
from navab.view import View
from tests.crawls import crawl
from tests.inprocess import article, open_small, run_until, write_jsonl


def look(folder: Path, **settings: object) -> View:
    """A view of the folder's lake, with all that has arrived read and made."""
    view = opened(folder, **settings)
    run_until(view, "triples")
    return view


def opened(folder: Path, **settings: object) -> View:
    """A view of the folder's lake as it is."""
    sources = [{"path": f"{folder}/{{date}}/*.jsonl"}]
    return open_small(folder, **{"nations": ["uk"], "sources": sources, "screening": {"keep": "all"}, **settings})


def examined(view: View) -> Refreshed:
    last = predecessor(view)
    before = None
    if last is not None and (snapshots := snapshots_of(view.lake, last)) is not None:
        before = pipeline.open_view(view.configuration, view.lake)
        before.pin(snapshots)
    moment = datetime(2026, 11, 25, tzinfo=UTC)
    return examine(view, before, last, pipeline.check_conservation(view), started_at=moment, engine="rules (baseline)")


def test_a_first_release_then_a_second_crawl(tmp_path: Path) -> None:
    crawl(tmp_path, "2026-11-01", 0)
    view = look(tmp_path)
    first = examined(view)
    assert (first.predecessor, first.files) == (None, {"2026-11-01": 1})
    assert first.changes.nations[0].new == 3
    assert not first.failed
    publish(view)
    assert not examined(view).changes.any, "nothing has changed since"

    crawl(tmp_path, "2026-11-02", 3)
    view = look(tmp_path)
    second = examined(view)
    (uk,) = second.changes.nations
    assert (uk.before, uk.new, uk.withdrawn, uk.after) == (3, 3, 0, 6)
    assert (second.predecessor, second.files) == ("benchmark", {"2026-11-02": 1})
    assert publish(view).manifest.name == "benchmark-2"
    page = change_summary(second)
    assert "| uk | 3 | 3 | 0 |" in page
    assert "| 2026-11-02 | 1 |" in page


def test_two_do_not_write_releases_at_the_same_time(tmp_path: Path) -> None:
    """They may take the same name, and would mix their shards."""
    crawl(tmp_path, "2026-11-01", 0)
    view = look(tmp_path)
    with view.lake.claim_releases("release"), pytest.raises(LakeHeldError, match="writing releases of lake"):
        publish(look(tmp_path))
    with view.lake.claim("run"):
        assert publish(view).new, "runs and releases are made beside each other"


def test_a_takedown_takes_quotations_out_of_earlier_pages(tmp_path: Path) -> None:
    crawl(tmp_path, "2026-11-01", 0)
    view = look(tmp_path)
    storage = view.lake.storage
    refreshed = examined(view)
    path = storage.path(*page_of(refreshed))
    storage.write_bytes(path, change_summary(refreshed).encode())
    publish(view)
    quoted = view.snapshot("triples").read(["article_id", "statement"]).sort("statement")
    assert all(statement in storage.read_bytes(path).decode() for statement in quoted["statement"])
    request = Request(article_ids=(int(quoted["article_id"][0]),))
    with view.lake.claim("forget") as claim:
        entomb(request, search(request, view), view, claim)
        complete(view, claim, lambda: None)
    left = storage.read_bytes(path).decode()
    assert [statement in left for statement in quoted["statement"]] == [False, True, True]
    assert "| uk | 0 | 3 | 0 | 0 | 3 |" in left, "counts stay"


def test_gates_hold_a_release_back(tmp_path: Path) -> None:
    crawl(tmp_path, "2026-11-01", 0, count=4)
    publish(look(tmp_path))
    crawl(tmp_path, "2026-11-01", 20, count=3)
    gates = {"min_triples": 4, "max_withdrawn": 0.5, "drift_from": 1, "max_source_drift": 0.9, "max_topic_drift": 1}
    view = look(tmp_path, gates=gates)
    refreshed = examined(view)
    (uk,) = refreshed.changes.nations
    assert (uk.withdrawn, uk.new) == (4, 3), "the file was replaced by another"
    assert {gate.describe() for gate in refreshed.failed} == {
        "uk triples 3, at least 4",
        "uk share of triples withdrawn 1, at most 0.500",
    }
    page = change_summary(refreshed)
    assert page.startswith("# Refresh of 2026-11-25 00:00 UTC: not released: 2 of 6 gates do not hold\n")
    assert "| uk triples 3, at least 4 | **no** |" in page


def test_a_nation_that_is_configured_must_be_there(tmp_path: Path) -> None:
    crawl(tmp_path, "2026-11-01", 0)
    named = look(tmp_path, nations=["uk", "fr"])
    assert [gate.describe() for gate in examined(named).failed] == ["fr triples 0, at least 1"]
    assert not examined(look(tmp_path, nations=[])).failed, "all that navab knows: only those with articles count"


def test_a_first_release_without_a_triple_fails_its_gates_and_is_not_merely_nothing_new(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "2026-11-01" / "a.jsonl", [article("Nothing.")])
    assert [gate.describe() for gate in examined(look(tmp_path)).failed] == ["uk triples 0, at least 1"]


def test_before_the_first_crawl_a_refresh_waits(tmp_path: Path) -> None:
    view = look(tmp_path)
    assert waits_for_a_crawl(view)
    assert patterns(view) == [f"{tmp_path}/{{date}}/*.jsonl"]
    crawl(tmp_path, "2026-11-01", 0)
    assert not waits_for_a_crawl(look(tmp_path))


def test_a_nation_that_is_configured_no_longer_is_withdrawn_and_passes_every_gate(tmp_path: Path) -> None:
    crawl(tmp_path, "2026-11-01", 0)
    publish(look(tmp_path))
    refreshed = examined(look(tmp_path, nations=["fr"], gates={"min_triples": 0, "max_withdrawn": 0.1}))
    assert {one.nation: one.withdrawn for one in refreshed.changes.nations} == {"fr": 0, "uk": 3}
    assert refreshed.changes.any
    assert not refreshed.failed


def test_decisions_that_changed_are_told(tmp_path: Path) -> None:
    crawl(tmp_path, "2026-11-01", 0)
    publish(look(tmp_path))
    statement = {"nation": "uk", "title": "Reply", "source": "Outlet 7", "url": "https://example.org/reply"}
    others = [f'"The state must not protect the right to strike," said John Reply{n}, an analyst.' for n in range(2)]
    write_jsonl(
        tmp_path / "2026-11-02" / "uk.jsonl",
        [statement | {"text": text, "source": f"Outlet {8 + n}", "url": f"u{n}"} for n, text in enumerate(others)],
    )
    refreshed = examined(look(tmp_path))
    changed = {one.kind: one.rows.height for one in refreshed.decisions if one.rows.height}
    assert changed == {"statements: retained": 1}, "two outlets outweigh one"
    assert refreshed.changes.columns["retained"] == 1
    assert "| statements: retained | 1 | uk " in change_summary(refreshed)


def test_decisions_that_changed_because_of_the_configuration_are_told(tmp_path: Path) -> None:
    """Two outlets outweigh one, until recency counts for more."""
    crawl(tmp_path, "2026-11-01", 0)
    reprint = json.loads((tmp_path / "2026-11-01" / "uk.jsonl").read_text("utf-8").splitlines()[0])
    reprint |= {"source": "Outlet 8", "url": "https://example.org/reprint"}
    reply = article(
        text='"The state must not protect the right to strike," said John Reply, an analyst.',
        title="Reply",
        source="Outlet 9",
        url="https://example.org/reply",
        published_at="2026-11-01",
    )
    write_jsonl(tmp_path / "2026-11-01" / "more.jsonl", [reprint, reply])
    publish(look(tmp_path))
    refreshed = examined(look(tmp_path, conflicts={"recency_weight": 5}))
    changed = {one.kind: one.rows.height for one in refreshed.decisions if one.rows.height}
    assert changed == {"statements: retained": 2}


def test_what_conflict_reduction_has_not_decided_is_not_released_as_retained(tmp_path: Path) -> None:
    crawl(tmp_path, "2026-11-01", 0)
    look(tmp_path)
    with pytest.raises(NothingToReleaseError, match="has not decided on 3 statements of uk"):
        publish(opened(tmp_path, conflicts={"min_similarity": 0.8}))
    released = publish(opened(tmp_path, conflicts={"enabled": False}))
    assert released.manifest.rows["default"]["uk"] == {"quoted": {"test": 1, "train": 2}}


def test_what_could_not_be_read_is_told(tmp_path: Path) -> None:
    crawl(tmp_path, "2026-11-01", 0, count=30)
    with (tmp_path / "2026-11-01" / "uk.jsonl").open("a") as file:
        file.write("{broken\n")
    refreshed = examined(look(tmp_path))
    assert refreshed.rejected == {"invalid_json": 1}
    assert "Records that were refused: invalid_json 1." in change_summary(refreshed)


def test_the_last_releases_are_kept_and_no_name_comes_twice(tmp_path: Path) -> None:
    names = []
    for number in range(4):
        crawl(tmp_path, f"2026-11-0{number + 1}", 3 * number)
        view = look(tmp_path)
        names.append(publish(view).manifest.name)
        removed = remove_old(view, 2)
    assert names == ["benchmark", "benchmark-2", "benchmark-3", "benchmark-4"]
    assert removed == ["benchmark-2"]
    releases = tmp_path / "lake" / "releases"
    assert [folder.name for folder in sorted(releases.iterdir()) if any(folder.rglob("*.*"))] == names[2:]
    assert load_release(str(releases / "benchmark-3")).height == 9
    assert remove_old(view, None) == []


def test_the_core_set_of_evaluations_is_kept(tmp_path: Path) -> None:
    for number in range(3):
        crawl(tmp_path, f"2026-11-0{number + 1}", 3 * number)
        view = look(tmp_path, evaluation={"core": "benchmark"})
        publish(view)
    assert remove_old(view, 1) == ["benchmark-2"]


@pytest.mark.parametrize("keep", [1, 5])
def test_a_withdrawn_release_is_no_predecessor(tmp_path: Path, keep: int) -> None:
    crawl(tmp_path, "2026-11-01", 0)
    view = look(tmp_path)
    publish(view)
    request = Request(("https://example.org/1",), (), None, False)
    with view.lake.claim("forget") as claim:
        entomb(request, search(request, view), view, claim)
        complete(view, claim, lambda: None)
    view = look(tmp_path)
    last = predecessor(view)
    assert last is not None
    assert last.name == "benchmark-2"
    assert remove_old(view, keep) == [], "the notice of a withdrawn release stays"
    assert not examined(view).changes.any
