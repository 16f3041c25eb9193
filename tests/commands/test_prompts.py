"""`navab prompts show`: what a model would be sent, with open places and of an article of a lake."""

from __future__ import annotations

from pathlib import Path

import pytest

from navab.cli import _run
from navab.requests import ASKED, requests_of_article
from tests.inprocess import article, open_small, rows, run_until, write_jsonl

MINISTER = (
    "The harbour was quiet on Monday. The minister Alma Brandt said: “Foreign investors should not own our ports.” "
    "The minister Alma Brandt said: “Foreign investors should own our ports and our harbours.” Rain is expected."
)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prompts")
    write_jsonl(folder / "a.jsonl", [article(text=MINISTER, source="Gazette", title="Ports")])
    run_until(open_small(folder, nations=["uk"], screening={"keep": "all"}), "triples")
    return folder


def show(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = _run(["prompts", "show", *arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


def in_lake(folder: Path) -> tuple[str, ...]:
    settings = (
        f"lake={folder / 'lake'}",
        f"sources=[{{path: {folder}/*.jsonl}}]",
        "nations=[uk]",
        "screening.keep=all",
    )
    return tuple(word for setting in settings for word in ("--set", setting))


@pytest.mark.parametrize("stage", ASKED)
@pytest.mark.parametrize("nation", ["cn", "de", "fr", "us"])
def test_every_prompt_is_shown_with_its_example_and_open_places(
    capsys: pytest.CaptureFixture[str], stage: str, nation: str
) -> None:
    code, said, errors = show(capsys, stage, "--nation", nation)
    assert (code, errors) == (0, "")
    assert said.count("=== prompt ") == len(ASKED[stage])
    for asked in ASKED[stage]:
        example = asked.prompt.example({"cn": "zh", "us": "en"}.get(nation, nation))
        assert example is not None
        for name, value in example.inputs.items():
            assert f"{{{name}}}" in said
            assert value.strip().splitlines()[-1] in said


def test_an_article_is_shown_as_the_stage_would_send_it(capsys: pytest.CaptureFixture[str], lake: Path) -> None:
    [article_id] = rows(open_small(lake), "articles")["article_id"]
    code, said, _ = show(capsys, "extraction", "--article", str(article_id), *in_lake(lake))
    assert code == 0
    assert "\n--- system\nYou find value statements" in said
    assert "Outlet: Gazette (United Kingdom). Official: false. At most 5 statements." in said
    assert MINISTER in said
    assert '"speaker_nation"' in said.split("--- answer")[1]


@pytest.mark.parametrize(("stage", "requests"), [("topics", 1), ("screening", 1), ("conflicts", 2), ("triples", 2)])
def test_other_stages_ask_about_the_article_and_its_statements(lake: Path, stage: str, requests: int) -> None:
    view = open_small(lake, nations=["uk"], screening={"keep": "all"})
    [article_id] = rows(view, "articles")["article_id"]
    asked = requests_of_article(stage, article_id, view)
    assert len(asked) == requests
    assert all("investors should" in request.messages()[-1].content for request in asked)


def test_an_unknown_article_or_stage_ends_with_2(capsys: pytest.CaptureFixture[str], lake: Path) -> None:
    code, _, errors = show(capsys, "extraction", "--article", "1", *in_lake(lake))
    assert code == 2
    assert "no accepted article 1 in lake" in errors
    code, _, errors = show(capsys, "duplicates")
    assert code == 2
    assert errors.startswith("navab: stage 'duplicates' asks no model: stages that may are topics, screening, ")
