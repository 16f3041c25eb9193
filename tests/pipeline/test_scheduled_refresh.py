"""Ten scheduled refreshes over ten dated crawls: one with a broken file, one empty, one that repeats its predecessor,
one killed. The lake ends as if nothing had happened, and every change summary is right."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from navab import load_release
from navab.publish import publish
from tests.crawls import crawl
from tests.inprocess import open_small, run_until
from tests.lakes import kill, navab, start_navab, tables, wait_for_stage

pytestmark = pytest.mark.slow

BROKEN, EMPTY, REPEATED, KILLED = 3, 5, 7, 9
DATES = [f"2026-11-{number:02}" for number in range(1, 11)]


def arrive(folder: Path, number: int) -> None:
    """The crawl of a date."""
    date = DATES[number - 1]
    if number == EMPTY:
        crawl(folder, date, 0, count=0)
    elif number == REPEATED:
        crawl(folder, date, 4 * (number - 1), count=4)
    else:
        crawl(folder, date, 4 * number, count=4)
    if number == BROKEN:
        (folder / date / "fr.jsonl.gz").write_bytes(b"\x1f\x8b\x08\x00 cut off")


def settings(folder: Path) -> dict[str, object]:
    return {
        "nations": ["uk"],
        "sources": [{"path": f"{folder / 'crawls'}/{{date}}/*"}],
        "screening": {"keep": "all"},
        "tolerance": 0.2,
        "gates": {"max_topic_drift": 1, "max_source_drift": 1},
        "refresh": {"keep_releases": 3},
        "resources": {"num_cpus": 2},
    }


def test_ten_refreshes(tmp_path: Path) -> None:
    config = tmp_path / "navab.yaml"
    config.write_text(yaml.safe_dump({"lake": str(tmp_path / "lake")} | settings(tmp_path)), "utf-8")
    undisturbed = tmp_path / "undisturbed"
    codes, released, new = [], [], []
    known: set[int] = set()
    for number in range(1, 11):
        arrive(tmp_path / "crawls", number)
        if number == KILLED:
            process = start_navab("refresh", "--config", config)
            assert wait_for_stage(tmp_path / "lake", "extraction", process)
            kill(process)
        done = navab("refresh", "--config", config, check=False)
        codes.append(done.returncode)
        released += re.findall(r"^released (\S+);", done.stdout, re.M)
        view = open_small(undisturbed, **settings(tmp_path))
        run_until(view, "triples")
        ids = set(load_release(publish(view).uri)["triple_id"])
        new += [len(ids - known)] if ids - known else []
        known |= ids

    assert codes == [10 if number in (EMPTY, REPEATED) else 0 for number in range(1, 11)]
    assert released == ["benchmark", *(f"benchmark-{number}" for number in range(2, 9))]
    expected = tables(undisturbed / "lake")
    for name, frame in tables(tmp_path / "lake").items():
        assert frame.equals(expected[name]), name
    last = load_release(str(tmp_path / "lake" / "releases" / released[-1]))
    assert last.equals(load_release(str(undisturbed / "lake" / "releases" / released[-1])))
    kept = {path.parent.name for path in (tmp_path / "lake" / "releases").glob("*/manifest.json")}
    assert kept == set(released[-3:])
    pages = {name: (tmp_path / "lake" / "refreshes" / f"{name}.md").read_text("utf-8") for name in released}
    assert new_triples(pages) == new
    assert len(new) == 8 and sum(new) > 20
    assert "fr.jsonl.gz`: corrupt_file" in pages[released[BROKEN - 1]]
    after_two_without_release = pages["benchmark-6"]
    assert f"| {DATES[REPEATED - 1]} | 1 |" in after_two_without_release, "what was read in vain is told later"
    assert f"| {DATES[KILLED - 1]} | 1 |" in pages["benchmark-7"]


def new_triples(pages: dict[str, str]) -> list[int]:
    """New triples as the pages tell them."""
    return [int(re.search(r"^\| uk \| \d+ \| (\d+) \|", page, re.M)[1]) for page in pages.values()]  # type: ignore[index]
