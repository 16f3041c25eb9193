"""The CSV of topics: out, filled in and in again, also as spreadsheets save it, and a wrong line is named."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from navab.errors import ConfigurationError
from navab.topics_csv import export_topics, read_decisions
from navab.view import View
from tests.inprocess import TEXTS, article, open_small, run_until, write_jsonl


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> View:
    """A lake with one topic each of two nations; read only."""
    folder = tmp_path_factory.mktemp("topics")
    write_jsonl(folder / "a.jsonl", [article(), article("cn", TEXTS["zh"], title="标题")])
    view = open_small(folder)
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
        (b"topic_id|decision\n1|yes\n", "has no column topic_id or decision"),
        (b"topic_id,note\n1,\n", "has no column decision"),
        (b"topic_id,decision\n\xff,yes\n", "is not UTF-8: save it as CSV UTF-8"),
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


@pytest.mark.parametrize("form", ["{:.5E}", "{:.4E}", "{:.14E}"])
def test_a_spreadsheet_may_round_ids_and_separate_by_semicolons(built: View, tmp_path: Path, form: str) -> None:
    lines = read_rows(export_topics(built))
    ids = [form.format(int(line["topic_id"])).replace(".", ",") for line in lines]
    rounded = [line | {"topic_id": topic, "decision": "no"} for line, topic in zip(lines, ids, strict=True)]
    path = tmp_path / "topics.csv"
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, lines[0].keys(), delimiter=";")
        writer.writeheader()
        writer.writerows(rounded)
    assert read_decisions(path, built) == {int(line["topic_id"]): (False, "") for line in lines}


def test_a_spreadsheet_may_put_zeros_for_the_last_digits(built: View, tmp_path: Path) -> None:
    lines = read_rows(export_topics(built))
    topics = [int(line["topic_id"]) for line in lines]
    for line, topic in zip(lines, topics, strict=True):
        line |= {"topic_id": str(topic)[:-4] + "0000", "decision": "yes"}
    assert read_decisions(write_rows(tmp_path / "topics.csv", lines), built) == dict.fromkeys(topics, (True, ""))


def test_a_rounded_id_of_another_label_is_no_topic(built: View, tmp_path: Path) -> None:
    lines = read_rows(export_topics(built))
    lines[0] |= {"topic_id": f"{int(lines[0]['topic_id']):.5E}", "label": "another", "decision": "yes"}
    with pytest.raises(ConfigurationError, match="no topic"):
        read_decisions(write_rows(tmp_path / "topics.csv", lines), built)
