"""People's word on topics: out as CSV, in again, and a wrong line is named."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from navab.errors import ConfigurationError
from navab.lake.claim import Claim
from navab.lake.table import DataFile
from navab.live import latest_words
from navab.overrides import export_topics, import_decisions, read_decisions
from navab.view import View
from tests.inprocess import TEXTS, article, open_small, rows, run_until, write_jsonl


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> View:
    """A lake with one topic each of two nations; read only."""
    folder = tmp_path_factory.mktemp("topics")
    write_jsonl(folder / "a.jsonl", [article(), article("cn", TEXTS["zh"], title="标题")])
    view = open_small(folder)
    run_until(view, "topics")
    return view


@pytest.fixture
def view(tmp_path: Path) -> View:
    """A lake of one's own."""
    write_jsonl(tmp_path / "a.jsonl", [article(), article("cn", TEXTS["zh"], title="标题")])
    view = open_small(tmp_path)
    run_until(view, "topics")
    return view


def read_rows(content: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content, newline="")))


def write_rows(path: Path, content: list[dict[str, str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, content[0].keys())
        writer.writeheader()
        writer.writerows(content)
    return path


def put(view: View, decisions: dict[int, tuple[bool, str]]) -> int:
    with view.lake.claim("test") as claim:
        return import_decisions(decisions, view, claim)


def test_what_is_exported(built: View) -> None:
    lines = read_rows(export_topics(built))
    assert [line["nation"] for line in lines] == ["cn", "uk"]
    assert {line["decided_by"] for line in lines} == {"embedding"}
    assert {(line["decision"], line["note"]) for line in lines} == {("", "")}
    assert {int(line["topic_id"]) for line in lines} == set(built.current("topics")["topic_id"])
    assert all(line["label"] and line["keywords"] for line in lines)


def test_there_and_back(built: View, tmp_path: Path) -> None:
    lines = read_rows(export_topics(built))
    path = write_rows(tmp_path / "topics.csv", lines)
    assert read_decisions(path, built) == {}
    for line, word, note in zip(lines, (" YES ", "no"), ("", "Wer, „wenn“;\nnicht wir?"), strict=True):
        line["decision"], line["note"] = word, note
    write_rows(path, lines)
    assert read_decisions(path, built) == {
        int(lines[0]["topic_id"]): (True, ""),
        int(lines[1]["topic_id"]): (False, "Wer, „wenn“;\nnicht wir?"),
    }


def test_a_byte_order_mark_and_missing_columns_of_no_use_do_no_harm(built: View, tmp_path: Path) -> None:
    (topic, *_) = built.current("topics")["topic_id"]
    path = tmp_path / "topics.csv"
    path.write_text(f"decision,topic_id\r\ntrue, {topic} \r\n", "utf-8-sig")
    assert read_decisions(path, built) == {topic: (True, "")}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{topic}," + 20_000 * "y", f"line 4: decision '{40 * 'y'}': write yes or no"),
        ("{topic},maybe,", "line 4: decision 'maybe': write yes or no, or leave it empty"),
        ("17,yes,", "line 4: no topic '17' in this lake; export the topics anew"),
        (",yes,", "line 4: no topic '' in this lake"),
        ("1.23E+18,yes,", "line 4: no topic '1.23E+18'"),
        ("²,yes,", "line 4: no topic '²'"),
        ("--5,yes,", "line 4: no topic '--5'"),
        ("9" * 5000 + ",yes,", "line 4: no topic '999"),
    ],
    ids=range(8),
)
def test_a_wrong_line_is_named(built: View, tmp_path: Path, line: str, words: str) -> None:
    """Lines are counted as an editor counts them: the note of the second one has two."""
    (topic, *_) = built.current("topics")["topic_id"]
    path = tmp_path / "topics.csv"
    path.write_text(f'topic_id,decision,note\n{topic},yes,"two\nlines"\n{line.format(topic=topic)}\n', "utf-8")
    with pytest.raises(ConfigurationError) as caught:
        read_decisions(path, built)
    assert str(caught.value).startswith(f"{path} {words}")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "has no column topic_id or decision"),
        (b"topic_id;decision\n1;yes\n", "has no column topic_id or decision"),
        (b"topic_id,note\n1,\n", "has no column decision"),
        (b"topic_id,decision\n\xff,yes\n", "cannot be read"),
    ],
    ids=range(4),
)
def test_what_is_no_export_is_named(built: View, tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "topics.csv"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=words):
        read_decisions(path, built)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_decisions(tmp_path / "none.csv", built)


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
