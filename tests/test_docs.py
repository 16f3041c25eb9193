"""The documentation: what is generated is up to date, and what is mentioned exists."""

from __future__ import annotations

import importlib
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import click
import polars as pl
import pytest
import yaml

from navab import errors
from navab.cli import COMMANDS, navab
from navab.configuration import Configuration, load_configuration
from navab.nations.registry import Nation
from tests.lakes import REPOSITORY

DOCS = REPOSITORY / "docs"
PAGES = [*(REPOSITORY / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")), *sorted(DOCS.glob("*.md"))]
# Commands of the contract that the pages name as still to come; each leaves this list when it exists.
TO_COME: set[str] = set()
REASONS_OF = (
    "navab.models.engine", "navab.readers.records", "navab.stages.articles", "navab.stages.extraction",
    "navab.stages.triples", "navab.takedown.tombstones", "navab.verification",
)  # fmt: skip

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.S | re.M)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_FOLDERS = "cluster|navab|docs|schemas|examples|tests|jobs|benchmarks|\\.ci"
_PATH = re.compile(rf"`((?:{_FOLDERS})/[\w./*-]*)`")


def page_parameters() -> list[object]:
    return [pytest.param(page, id=page.name) for page in PAGES]


every_page = pytest.mark.parametrize("page", page_parameters())


def script(name: str) -> ModuleType:
    """A script of docs/, imported by its path."""
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def blocks(page: Path, *languages: str) -> Iterator[str]:
    """Fenced blocks in one of the languages."""
    for language, content in _FENCE.findall(page.read_text("utf-8")):
        if language in languages:
            yield content


def code_lines(page: Path) -> Iterator[str]:
    """Lines of shell blocks, fenced or indented, with continued lines joined."""
    indented = re.findall(r"^ {4}(?=make|navab|\.ci)\S.*$", page.read_text("utf-8"), re.M)
    for block in ("\n".join(line.strip() for line in indented), *blocks(page, "bash")):
        yield from block.replace("\\\n", " ").splitlines()


def commands(page: Path) -> Iterator[tuple[str, list[str]]]:
    """Words and arguments of every `navab ...` in code."""
    for line in code_lines(page):
        found = re.search(r"(?:^|/)navab (?=[a-z])(.*)", line.split(" #")[0])
        if found:
            yield line, found.group(1).split()
        job = re.search(r"jobs/build_benchmark\.py (.*)", line)
        if job:
            yield line, ["run", *job.group(1).split()]


def anchors(page: Path) -> set[str]:
    """Anchors of a page's headings as GitHub makes them."""
    text = _FENCE.sub("", page.read_text("utf-8"))
    headings = re.findall(r"^#+ (.+)$", text, re.M)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", ["configuration.md", "data-model.md"])
def test_generated_pages_are_up_to_date(name: str) -> None:
    made = script("make_reference").reference()[name].rstrip("\n") + "\n"
    assert (DOCS / name).read_text("utf-8") == made, "run: .venv/bin/python docs/make_reference.py"


@every_page
def test_links_lead_somewhere(page: Path) -> None:
    for target in _LINK.findall(_FENCE.sub("", page.read_text("utf-8"))):
        if target.startswith(("http://", "https://")):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{page.name}: {target}"
        assert not anchor or anchor in anchors(file), f"{page.name}: {target}"


@every_page
def test_mentioned_files_exist(page: Path) -> None:
    for path in set(_PATH.findall(page.read_text("utf-8"))):
        found = list(REPOSITORY.glob(path)) if "*" in path else [REPOSITORY / path]
        assert found and all(one.exists() for one in found), f"{page.name}: {path}"


@every_page
def test_commands_in_code_are_real(page: Path) -> None:
    for line, words in commands(page):
        command: click.Command = navab
        while isinstance(command, click.Group) and words:
            inner = command.get_command(click.Context(command), words.pop(0))
            assert inner is not None, line
            command = inner
        options = {name for parameter in command.params for name in parameter.opts}
        for word in words:
            assert not word.startswith("--") or word.partition("=")[0] in {*options, "--debug"}, line


@every_page
def test_commands_in_sentences_are_real_or_to_come(page: Path) -> None:
    text = _FENCE.sub("", page.read_text("utf-8"))
    for word in re.findall(r"`navab ([a-z]+)", text):
        assert word in COMMANDS or word in TO_COME, f"{page.name}: navab {word}"


def test_what_is_to_come_has_not_come() -> None:
    assert TO_COME & set(COMMANDS) == set(), "it exists: take it out of TO_COME and of the pages' lists"


@every_page
def test_make_targets_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (REPOSITORY / "Makefile").read_text("utf-8"), re.M))
    for line in code_lines(page):
        for target in re.findall(r"^make ([a-z]+)", line):
            assert target in targets, line


@every_page
def test_yaml_is_valid(page: Path, tmp_path: Path) -> None:
    for block in blocks(page, "yaml"):
        document = yaml.safe_load(block)
        if "code" in document:
            Nation.model_validate(document)
        else:
            (tmp_path / "navab.yaml").write_text(block, "utf-8")
            load_configuration(tmp_path / "navab.yaml")


@every_page
def test_settings_are_real_keys(page: Path) -> None:
    text = page.read_text("utf-8")
    known = _keys(Configuration(lake="x").model_dump())
    for key in re.findall(r"--set '?([a-z_.]+)=", text):
        assert key in known or key == "key.sub", f"{page.name}: {key}"
    sections = {key for key, value in Configuration(lake="x").model_dump().items() if isinstance(value, dict)}
    for section, key in re.findall(r"`([a-z_]+)\.([a-z_]+)(?:: [^`]*)?`", text):
        assert section not in sections or key == "csv" or f"{section}.{key}" in known, f"{page.name}: {section}.{key}"


@every_page
def test_python_compiles(page: Path) -> None:
    for block in blocks(page, "python"):
        compile(block, page.name, "exec")


def test_every_reason_of_rejection_is_explained() -> None:
    constants = (vars(importlib.import_module(name)).items() for name in REASONS_OF)
    reasons = {value for module in constants for name, value in module if name.isupper() and value == name.lower()}
    page = (DOCS / "operating.md").read_text("utf-8")
    explained = set(re.findall(r"^\| `(\w+)` \| (?:articles|extractions|statements|triples) \|", page, re.M))
    assert explained == reasons | {"no_reversal"}  # the rules engine's own


def test_every_exit_code_is_explained() -> None:
    page = (DOCS / "operating.md").read_text("utf-8")
    rows = re.findall(r"^\| ([\d, ]+) \|", page, re.M)
    explained = {int(code) for row in rows for code in row.split(",")}
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.NavabError)]
    assert explained == {kind.exit_code for kind in kinds} | {0, 130, 143}


def test_the_sample_page_and_the_readme_take_the_first_triples() -> None:
    maker = script("make_sample_output")
    rows = [
        {
            "triple_id": number,
            "nation": "xx",
            "language": language,
            "question": f"Q{number}*?",
            "statement": f"S{number}.",
            "reversed_statement": f"RS{number}.",
            "speaker": None,
            "speaker_nation": "home",
            "source_type": "official",
            "source": "Outlet",
            "engine": "rules",
        }
        for language in ("zh", "en", "fr", "de")
        for number in range(15, 0, -1)
    ]
    triples = pl.DataFrame(rows, schema_overrides={"speaker": pl.String})
    page = maker.sample_page(triples, "sample")
    assert page.count("- S: ") == 40
    assert "S10." in page and "S11." not in page
    assert r"Q1\*?" in page
    assert maker.examples(triples).count("- S: S1.") == 4
    assert "<!-- examples -->" in maker.README.read_text("utf-8")


def _keys(section: dict[str, object], prefix: str = "") -> set[str]:
    found = set()
    for name, value in section.items():
        found.add(prefix + name)
        found |= _keys(value, f"{prefix}{name}.") if isinstance(value, dict) else set()
    return found
