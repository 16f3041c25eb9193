"""People's word on topics: out as CSV, in again, and a wrong line is named."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from navab.lake.claim import Claim
from navab.lake.table import DataFile
from navab.live import latest_words
from navab.overrides import import_decisions
from navab.view import View
from tests.inprocess import TEXTS, article, open_small, rows, run_until, write_jsonl


@pytest.fixture
def view(tmp_path: Path) -> View:
    """A lake of one's own."""
    write_jsonl(tmp_path / "a.jsonl", [article(), article("cn", TEXTS["zh"], title="标题")])
    view = open_small(tmp_path)
    run_until(view, "topics")
    return view


def put(view: View, decisions: dict[int, tuple[bool, str]]) -> int:
    with view.lake.claim("test") as claim:
        return import_decisions(decisions, view, claim)


def test_a_word_is_kept_shown_and_counted_once(view: View) -> None:
    first, second = rows(view, "topics")["topic_id"]
    assert put(view, {first: (True, "because")}) == 1
    assert put(view, {first: (True, "because")}) == 0
    assert put(view, {first: (True, "because"), second: (False, "")}) == 1
    shown = rows(view, "topics").select("topic_id", "sensitive", "decided_by").rows()
    assert shown == [(first, True, "person"), (second, False, "person")]
    assert rows(view, "overrides").sort("sequence").select("sequence", "topic_id", "note").rows() == [
        (0, first, "because"),
        (1, second, None),
    ]


def test_a_new_note_is_kept_too(view: View) -> None:
    topic = rows(view, "topics")["topic_id"][0]
    for note in ("", "because", "because", "", "for another reason"):  # an export leaves notes empty
        put(view, {topic: (True, note)})
    assert rows(view, "overrides").sort("sequence")["note"].to_list() == [None, "because", "for another reason"]


def test_an_interrupted_import_is_completed_by_the_next(view: View, monkeypatch: pytest.MonkeyPatch) -> None:
    topic, word = rows(view, "topics").select("topic_id", ~pl.col("sensitive")).row(0)
    commit = view.lake.commit

    def stop_at_topics(name: str, files: Sequence[DataFile], claim: Claim, **options: Any) -> int:
        if name == "topics":
            raise KeyboardInterrupt
        return commit(name, files, claim, **options)

    monkeypatch.setattr(view.lake, "commit", stop_at_topics)
    with pytest.raises(KeyboardInterrupt):
        put(view, {topic: (word, "")})
    monkeypatch.undo()
    view.forget()
    assert put(view, {topic: (word, "")}) == 0
    shown = rows(view, "topics").filter(pl.col("topic_id") == topic).select("sensitive", "decided_by").rows()
    assert shown == [(word, "person")]


def test_the_latest_word_counts_however_often_it_changes(view: View) -> None:
    topic = rows(view, "topics")["topic_id"][0]
    for word in (True, False, True, False, True):
        assert put(view, {topic: (word, "")}) == 1
        assert latest_words(view).select("topic_id", "person").rows() == [(topic, word)]
    found = rows(view, "overrides")
    assert sorted(found["sequence"]) == [0, 1, 2, 3, 4]
    assert found["override_id"].n_unique() == 5


def test_the_model_stays_as_it_is(view: View) -> None:
    plain = [name for name in view.snapshot("topics").schema.arrow.names if name not in ("sensitive", "decided_by")]
    before = rows(view, "topics")
    put(view, {before["topic_id"][0]: (not before["sensitive"][0], "")})
    after = rows(view, "topics")
    assert after.select(plain).equals(before.select(plain))
    assert after.select(pl.col("sensitive") != before["sensitive"])["sensitive"].to_list() == [True, False]
    assert run_until(view, "topics") == dict.fromkeys(run_until(view, "topics"), 0)
