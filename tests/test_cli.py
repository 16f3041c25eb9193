"""The command line: help that shows how, and errors of one line with the contract's exit codes."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from navab import cli
from navab.lake.lake import Lake
from tests.inprocess import article, write_jsonl


def paths(command: click.Command = cli.navab, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command and group."""
    yield path
    for name, inner in inner_commands(command).items():
        yield from paths(inner, (*path, name))


def inner_commands(command: click.Command) -> dict[str, click.Command]:
    """Commands of a group by name."""
    if not isinstance(command, click.Group):
        return {}
    context = click.Context(command)
    found = {name: command.get_command(context, name) for name in command.list_commands(context)}
    return {name: inner for name, inner in found.items() if inner is not None}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a configuration and one article, and the process in it."""
    monkeypatch.chdir(tmp_path)
    write_jsonl(tmp_path / "crawl" / "a.jsonl", [article()])
    (tmp_path / "navab.yaml").write_text("lake: lake\nsources: [{path: crawl/*.jsonl}]\n")
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr."""
    code = cli._run(list(arguments))
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def fail(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Exit code and the one line of stderr."""
    code, _, said = run(capsys, *arguments)
    assert code != 0
    assert said.startswith("navab: ")
    assert said.count("\n") == 1
    assert "Traceback" not in said
    return code, said


@pytest.mark.parametrize("path", list(paths()), ids=" ".join)
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_shows_examples(capsys: pytest.CaptureFixture[str], path: tuple[str, ...], option: str) -> None:
    code, said, errors = run(capsys, *path, option)
    assert (code, errors) == (0, "")
    assert "Examples:" in said
    assert f"navab {' '.join(path)}".strip() in said.split("Examples:")[1]


@pytest.mark.parametrize("path", [(), ("nations",), ("topics",), ("prompts",)])
def test_a_group_without_command_shows_its_help(capsys: pytest.CaptureFixture[str], path: tuple[str, ...]) -> None:
    code, said, errors = run(capsys, *path)
    assert (code, errors) == (0, "")
    assert "Commands:" in said


def test_the_list_of_commands_says_what_each_says_of_itself() -> None:
    for name, command in inner_commands(cli.navab).items():
        assert command.help is not None
        assert command.help.startswith(cli.COMMANDS[name].rstrip(".")), name


def test_help_loads_nothing_heavy() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "navab", "--help"], capture_output=True, text=True, check=True
    )
    for module in ("polars", "deltalake", "ray", "navab.pipeline"):
        assert not re.search(rf"\| +{re.escape(module)}$", done.stderr, re.M), module


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    code, said, _ = run(capsys, "--version")
    assert code == 0
    assert "0.1" in said


def test_nations_list(capsys: pytest.CaptureFixture[str]) -> None:
    code, said, _ = run(capsys, "nations", "list")
    assert code == 0
    assert all(name in said for name in ("China", "France", "Germany", "United Kingdom", "United States"))


def test_plan_and_status_of_a_new_lake_change_nothing(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    code, said, _ = run(capsys, "run", "--plan")
    assert code == 0
    assert "articles" in said
    code, said, _ = run(capsys, "status")
    assert code == 0
    assert "no tables yet" in said
    assert not (folder / "lake").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["bogus"], "No such command 'bogus'"),
        (["run", "--bogus"], "No such option"),
        (["topics", "export"], "Missing argument 'FILE'"),
        (["run", "--until", "bogus"], "unknown stage 'bogus': stages are articles, duplicates,"),
        (["run", "--config", "none.yaml"], "configuration none.yaml does not exist"),
        (["run", "--set", "colour=red"], "unknown key 'colour': known keys there are"),
        (["run", "--set", "seed"], "write key.sub=value"),
        (["run", "--set", "nations=[xx]"], "unknown nation 'xx': known nations are cn, de, fr, uk, us"),
        (["run", "--set", "sources=[{path: none/*.jsonl}]"], "source none/*.jsonl matches no file"),
        (["run", "--set", "sources=[{path: crawl}]"], "source crawl is a folder: write crawl/*.jsonl"),
        (["run", "--set", "sources=[{path: crawl/a.jsonl, nation: xx}]"], "unknown nation 'xx'"),
        (["run", "--set", "sources=[{path: navab.yaml}]"], "format unknown by its ending"),
        (["status", "--set", "lake=ftp9://x/y"], "address ftp9://x/y: "),
    ],
    ids=lambda value: " ".join(value[-2:]) if isinstance(value, list) else "",
)
def test_usage_and_configuration_end_with_2(
    capsys: pytest.CaptureFixture[str], folder: Path, arguments: list[str], words: str
) -> None:
    code, said = fail(capsys, *arguments)
    assert code == 2
    assert words in said


def test_without_a_configuration_the_way_is_shown(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, said = fail(capsys, "run")
    assert code == 2
    assert "no lake is named" in said


@pytest.mark.parametrize("command", ["run", "status", "release", "report"])
def test_a_lake_that_is_a_file_ends_with_4(capsys: pytest.CaptureFixture[str], folder: Path, command: str) -> None:
    (folder / "lake").write_text("a file")
    code, said = fail(capsys, command)
    assert code == 4
    assert str(folder / "lake") in said
    assert (folder / "lake").read_text() == "a file"


def test_a_damaged_table_ends_with_4(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    log = folder / "lake" / "tables" / "articles" / "_delta_log" / f"{0:020d}.json"
    log.parent.mkdir(parents=True)
    log.write_text("{ damaged\n")
    for command in ("run", "status"):
        code, said = fail(capsys, command)
        assert code == 4
        assert "cannot open table articles" in said


def test_a_damaged_claim_ends_with_4(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    write_jsonl(folder / "lake" / "claims" / f"{1:012d}.json", ["{ damaged"])
    code, said = fail(capsys, "run")
    assert code == 4
    assert "remove it if no run is active" in said


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_lake_without_permission_ends_with_4(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "lake").mkdir(mode=0o000)
    code, _ = fail(capsys, "run")
    assert code == 4


@pytest.mark.skipif(shutil.which("vllm") is not None, reason="vllm is installed")
def test_a_missing_engine_ends_with_5_and_says_how_to_install_it(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    code, said = fail(capsys, "run", "--set", "engine.kind=vllm", "--set", "engine.model=m")
    assert code == 5
    assert said == "navab: engine vllm is not installed: pip install 'navab[vllm]'\n"
    assert not (folder / "lake").exists()


def test_a_held_lake_ends_with_75(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    with Lake(str(folder / "lake")).claim("maintain"):
        code, said = fail(capsys, "run")
    assert code == 75
    assert f"held by process {os.getpid()} " in said


def test_a_failed_run_leaves_its_record_and_releases_the_lake(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    fail(capsys, "run", "--set", "sources=[{path: none.jsonl}]")
    (record,) = (json.loads(path.read_text()) for path in (folder / "lake" / "runs").glob("*.json"))
    assert record["outcome"].startswith("failed: source none.jsonl")
    (claim,) = (json.loads(path.read_text()) for path in (folder / "lake" / "claims").glob("*.json"))
    assert claim["released"]


def test_debug_shows_a_traceback_before_the_line(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    code, _, said = run(capsys, "run", "--until", "bogus", "--debug")
    assert code == 2
    assert said.startswith("Traceback")
    assert said.splitlines()[-1].startswith("navab: unknown stage 'bogus'")


@pytest.mark.parametrize("command", ["export", "import"])
def test_topics_of_a_lake_without_tables(capsys: pytest.CaptureFixture[str], folder: Path, command: str) -> None:
    code, said = fail(capsys, "topics", command, "topics.csv")
    assert code == 2
    assert "holds no tables yet: start `navab run`" in said
    assert not (folder / "lake").exists()


def test_the_process_ends_as_the_function_does(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "navab", "run", "--until", "bogus"],
        capture_output=True,
        text=True,
        cwd=folder,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("navab: unknown stage 'bogus'")
    assert done.stderr.count("\n") == 1
