"""`navab nations`: a template for a new nation, and what is missing for it, before its first run."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from navab import cli
from navab.nations.files import read_registry
from tests.inprocess import article, write_jsonl
from tests.nations.spain import ARTICLES, fill_in


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = cli._run(["nations", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_a_template_is_written_and_tells_what_is_missing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said, _ = run(capsys, "new", "es")
    assert code == 0
    assert "nations/es.yaml: Spain" in said
    assert "nations/lexicons/es.yaml: a template" in said
    code, said, error = run(capsys, "check", "es")
    assert code == 2
    assert error == "navab: nation es is not ready: official sources, lexicon es, articles\n"
    assert "missing  lexicon es: nothing in `stances`, `attribution.verbs`" in said
    assert "good     embedder: use knows es" in said


def test_a_template_filled_in_is_ready(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "new", "es")
    fill_in(folder / "nations")
    (folder / "navab.yaml").write_text(f"{{lake: lake, nations: [es], sources: [{{path: '{ARTICLES}'}}]}}", "utf-8")
    code, said, error = run(capsys, "check", "es")
    assert (code, error) == (0, "")
    assert "18 of 18 statements become triples" in said
    assert "El Estado debe garantizar" in said, "examples of triples"
    assert "La Moncloa 2 (official)" in said
    assert "other_language 1" in said and "en 1" in said


def test_what_a_lexicon_does_not_know_is_shown(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "new", "es")
    fill_in(folder / "nations")
    lexicon = folder / "nations" / "lexicons" / "es.yaml"
    document = yaml.load(lexicon.read_text("utf-8"), yaml.BaseLoader)
    document["attribution"]["verbs"].remove("afirmó")
    document["negators"].append("la")
    lexicon.write_text(yaml.safe_dump(document, allow_unicode=True), "utf-8")
    _, said, _ = run(capsys, "check", "es", "--set", f"sources=[{{path: '{ARTICLES}'}}]")
    assert "weak     lexicon es: words in `stopwords` and in `negators`" in said
    behind = said.partition("reporting verbs in es")[2].splitlines()
    assert behind[1].split() == ["afirmó", "5"]


def test_a_language_that_the_embedder_does_not_know(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "new", "fi")
    code, said, _ = run(capsys, "check", "fi", "--set", "sources=[{path: '*.jsonl', nation: fi}]")
    assert code == 2
    write_jsonl(folder / "a.jsonl", [article(nation="fi")])
    code, said, _ = run(capsys, "check", "fi", "--set", "sources=[{path: '*.jsonl'}]")
    assert code == 2
    assert "missing  embedder: use does not know fi, sv" in said
    assert "0 of 1 records accepted" in said
    assert "en 1" in said


def test_several_languages_in_one_nation(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, _ = run(capsys, "new", "be")
    assert code == 0
    assert [file.stem for file in (folder / "nations" / "lexicons").iterdir()] == ["nl"], "fr and de come with navab"
    belgium = read_registry("nations").get("be")
    assert belgium.languages == ("nl", "fr", "de")
    assert belgium.lexicon("fr").language == "fr"


def test_a_bundled_nation_is_copied_to_be_changed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said, _ = run(capsys, "new", "uk")
    assert code == 0
    assert "a copy of the one that comes with navab: United Kingdom" in said
    file = folder / "nations" / "uk.yaml"
    document = yaml.safe_load(file.read_text("utf-8"))
    file.write_text(yaml.safe_dump(document | {"official_sources": [{"name": "BBC"}]}), "utf-8")
    assert not read_registry("nations").get("uk").is_official("UK Parliament", None)
    code, said, _ = run(capsys, "list")
    assert [line.split()[:5] for line in said.splitlines() if line.startswith("uk")] == [
        ["uk", "United", "Kingdom", "en", "nations"]
    ]


def test_nothing_is_overwritten(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "new", "es")
    before = (folder / "nations" / "es.yaml").read_text("utf-8")
    code, _, error = run(capsys, "new", "es", "--name", "Other")
    assert code == 2
    assert error == "navab: nations/es.yaml exists: edit it, or remove it first\n"
    assert (folder / "nations" / "es.yaml").read_text("utf-8") == before


def test_the_configuration_says_where(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "navab.yaml").write_text("{lake: lake, nations: [uk], nations_dir: data/own}", "utf-8")
    code, said, _ = run(capsys, "new", "es")
    assert code == 0
    assert (folder / "data" / "own" / "es.yaml").exists()
    assert "add es to `nations`" in said


@pytest.mark.parametrize(
    "arguments",
    [("new", "xq"), ("new", "../es"), ("new", "ES"), ("check", "xx"), ("new", "zz", "--name", "Z", "--language", "xx")],
)
def test_wrong_codes(folder: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]) -> None:
    code, _, error = run(capsys, *arguments)
    assert code == 2
    assert error.count("\n") == 1
    assert not (folder / "nations").exists()
