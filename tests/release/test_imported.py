"""The authors' data set: their row format, made up anew."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from tempfile import TemporaryDirectory

import fsspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from navab.cli import navab
from navab.errors import ConfigurationError, StorageError, ToleranceError
from navab.release.imported import import_rows, read_rows
from navab.release.load import load_release
from navab.release.verify import verify

ROW = {
    "raw news": "The minister said that taxes should be cut. He spoke on Monday.",
    "statement": " Taxes should be cut for all families in the country.",
    "filter flag": "## yes",
    "full_source": "## the minister",
    "source": " the minister",
    "generated Q": "Should taxes be cut for all families?",
    "generated reverse statement": "Taxes should not be cut for all families in the country.",
    "generated raw data": "Q: ... ## S: ... ## RS: ...",
}


def row(**changes: object) -> dict[str, object]:
    return ROW | changes


def test_sources_decide_between_quoted_and_official(tmp_path: Path) -> None:
    rows = [row(), row(source=" unknown", statement="The budget should be larger.")]
    path = tmp_path / "rows.json"
    path.write_text(json.dumps(rows))
    found = import_rows(read_rows(path), "uk").triples.sort("source_type")
    assert found["source_type"].to_list() == ["official", "quoted"]
    assert found["speaker"].to_list() == [None, "the minister"]
    assert found["statement"][1] == ROW["statement"].strip()
    assert set(found["split"]) == {"test"}
    assert set(found["language"]) == {"en"}
    assert found["group_id"].n_unique() == 1  # both are of one article


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("lines", [False, True])
def test_lists_and_lines_plain_and_gzip_are_the_same(tmp_path: Path, zipped: bool, lines: bool) -> None:
    rows = [
        {key.replace(" ", "_"): value for key, value in row(statement=f"It should rain {n}.").items()} for n in "ab"
    ]
    text = "\n".join(map(json.dumps, rows)) if lines else json.dumps(rows)
    path = tmp_path / "rows"
    path.write_bytes(gzip.compress(text.encode()) if zipped else text.encode())
    assert import_rows(read_rows(path), "uk").triples.height == 2


def test_rows_that_make_no_triple_are_counted_by_reason() -> None:
    plain = {key.replace(" ", "_"): value for key, value in ROW.items()}
    rows = [
        None,
        plain | {"statement": ""},
        plain | {"generated_Q": None},
        plain | {"generated_reverse_statement": 7},
        plain | {"generated_reverse_statement": plain["statement"].upper()},
        plain,
        plain,
    ]
    found = import_rows(rows, "uk")
    assert found.refused == {
        "not_json": 1,
        "no_statement": 1,
        "no_question": 1,
        "no_reversed_statement": 1,
        "not_reversed": 1,
        "repeated": 1,
    }
    assert found.triples.height == 1
    assert found.rows == len(rows)


@given(st.binary(max_size=200), st.sampled_from([b"", b"\x1f\x8b\x08", b"[", b"{"]))
def test_a_broken_file_makes_no_triple(content: bytes, beginning: bytes) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "rows"
        path.write_bytes(beginning + content)
        try:
            found = import_rows(read_rows(path), "uk")
        except StorageError:
            return
        assert found.triples.is_empty()


def command(folder: Path, *arguments: object) -> None:
    given = ["import", "navab", *map(str, arguments), "--set", f"lake={folder / 'lake'}"]
    navab.main(given, prog_name="navab", standalone_mode=False)


def test_the_command_makes_a_release_once(tmp_path: Path) -> None:
    path = tmp_path / "human_statement_result.json"
    path.write_text(json.dumps([row(), row(statement="The state should help.", source="unknown")]))
    for _ in range(2):
        command(tmp_path, path, "--nation", "UK")
    root = str(tmp_path / "lake/releases/navab-authors")
    assert load_release(root, split="test").height == 2
    assert verify(fsspec.filesystem("file"), root).ok
    assert (tmp_path / "lake/releases/navab-authors/lm_eval/navab_uk.yaml").exists()


def test_the_nation_follows_from_configuration_or_language(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    chinese = {
        "statement": "政府应当为全国所有家庭减税。",
        "generated reverse statement": "政府不应当为全国所有家庭减税。",
    }
    path.write_text(json.dumps([row(**chinese)]))
    command(tmp_path, path, "--name", "chinese")
    path.write_text(json.dumps([row()]))
    with pytest.raises(ConfigurationError, match=r"'en', the language of uk and us: give --nation"):
        command(tmp_path, path)
    command(tmp_path, path, "--name", "english", "--set", "nations=[us]")
    for name, nation in (("chinese", "cn"), ("english", "us")):
        assert load_release(str(tmp_path / "lake/releases" / name))["nation"].to_list() == [nation]


def test_files_of_an_earlier_step_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "filtered_statement_result.json"
    path.write_text(json.dumps([{"raw news": "x", "statement": "y"}] * 3))
    with pytest.raises(ToleranceError, match=r"3 of 3 rows are no triples .*no_question"):
        command(tmp_path, path, "--nation", "cn")
    with pytest.raises(ConfigurationError, match="does not exist"):
        command(tmp_path, tmp_path / "absent.json", "--nation", "cn")
