"""`navab forget`: an article and all that descends from it leaves the lake, and the rest is as if it had never come."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest
from deltalake import DeltaTable

from navab import load_release
from navab.configuration import load_configuration
from navab.errors import ReleaseWithdrawnError
from navab.pipeline import open_lake, open_view
from navab.release.manifest import Manifest
from navab.view import View
from tests.inprocess import run_until
from tests.lakes import differences, kill, navab, sample_configuration, start_navab, tables, versions, wait_for_stage
from tests.words import words_of

# The topic model is fitted once and is not fitted anew because an article has gone.
TOPICS = ("topics", "topic_changes", "article_topics", "screening")


@dataclass(frozen=True)
class Target:
    """An article to forget, and sentences that only it has."""

    article_id: int
    url: str
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class Story:
    """A lake in which articles were forgotten, and what it was like before."""

    lake: Path
    targets: tuple[Target, ...]
    before: dict[str, pl.DataFrame]
    at_takedown: dict[str, int]
    printed: str


def configure(folder: Path) -> Path:
    """Screening keeps all, so that what is extracted does not depend on the topic model."""
    return sample_configuration(folder, screening={"keep": "all"}, resources={"num_cpus": 2})


def view_of(lake: Path) -> View:
    configuration = load_configuration(lake.parent / "navab.yaml")
    return open_view(configuration, open_lake(configuration))


@pytest.fixture(scope="module")
def whole(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample's lake with every article extracted, released and reported."""
    folder = tmp_path_factory.mktemp("whole")
    shutil.copytree(built, folder / "lake")
    configuration = configure(folder)
    run_until(view_of(folder / "lake"), "triples")
    navab("release", "--config", configuration, "--set", "release.include_text=true")
    navab("report", "--config", configuration)
    return folder / "lake"


@pytest.fixture(scope="module")
def story(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Four articles forgotten, then a run and maintenance; with what crashes had left behind before."""
    folder = tmp_path_factory.mktemp("story")
    lake = folder / "lake"
    shutil.copytree(whole, lake)
    configuration, chosen, before = configure(folder), targets(whole), tables(whole)
    leave_debris(lake)
    urls = [word for target in chosen for word in ("--url", target.url)]
    done = navab("forget", "--config", configuration, *urls, "--note", "case 1")
    at_takedown = versions(lake)
    run_until(view_of(lake), "triples")
    navab("maintain", "--config", configuration)
    return Story(lake, chosen, before, at_takedown, done.stdout)


def leave_debris(lake: Path) -> None:
    """A file that was never committed, one half written, and a release whose writing was killed long ago."""
    for number, path in enumerate(sorted((lake / "tables" / "articles").rglob("*.parquet"))):
        shutil.copy(path, path.with_name(f"never-committed-{number}.parquet"))
        shutil.copy(path, path.with_name(f".{path.name}.0123abcd"))
    shutil.copytree(lake / "releases" / "sample", lake / "releases" / "killed")
    (lake / "releases" / "killed" / "manifest.json").unlink()
    for path in (lake / "releases" / "killed").rglob("*"):
        os.utime(path, (time.time() - 7200,) * 2)


def targets(lake: Path) -> tuple[Target, ...]:
    """A Chinese original with a near-duplicate, an article whose statement others repeat, and two contradicted ones."""
    found = tables(lake)
    near = found["duplicates"].filter(pl.col("kind") == "near")["canonical_id"]
    repeated = found["statements"]["merged_into"].drop_nulls()
    contradictions = found["conflicts"].filter(pl.col("verdict") == "contradiction")
    said = found["statements"].select("statement_id", "article_id")
    repeating = said.filter(pl.col("statement_id").is_in(repeated.implode()))["article_id"]
    disputed = said.filter(pl.col("statement_id").is_in(contradictions["left_id"].implode()))["article_id"]
    choices = ((near, "cn"), (repeating, "uk"), (disputed, "us"), (disputed, "cn"))
    return tuple(_target(ids, nation, found["articles"]) for ids, nation in choices)


def _target(ids: pl.Series, nation: str, articles: pl.DataFrame) -> Target:
    rows = articles.filter(pl.col("article_id").is_in(ids.implode()) & (pl.col("nation") == nation))
    row = rows.sort("article_id").row(0, named=True)
    others = "\n".join(articles.filter(pl.col("text") != row["text"])["text"])
    pieces = [piece.strip() for line in row["text"].split("\n") for piece in line.replace("。", ".").split(".")]
    alone = tuple(piece for piece in pieces if len(piece) >= 10 and piece not in others)
    assert alone, row["text"]
    return Target(row["article_id"], row["url"], alone)


def holding(lake: Path, sentences: tuple[str, ...]) -> set[str]:
    """Files of a lake that hold one of the sentences, whatever their format."""
    found = set()
    for path in lake.rglob("*"):
        words = "\n".join(words_of(path.read_bytes())) if path.is_file() else ""
        if any(sentence in words for sentence in sentences):
            found.add(str(path.relative_to(lake)))
    return found


def manifest_of(lake: Path, name: str) -> Manifest:
    return Manifest.model_validate_json((lake / "releases" / name / "manifest.json").read_text("utf-8"))


def released(lake: Path, name: str, **part: str) -> pl.DataFrame:
    return load_release(str(lake / "releases" / name), accept_withdrawn=True, **part)  # type: ignore[arg-type]


def test_the_text_was_everywhere_before(whole: Path) -> None:
    """Otherwise the next test would prove nothing."""
    for target in targets(whole)[1:]:
        places = {"/".join(path.split("/")[:3]) for path in holding(whole, target.sentences)}
        assert {path.rpartition("/")[0] for path in places} >= {
            "tables/articles",
            "tables/statements",
            "tables/triples",
        }
        assert "releases/sample-2/data" in places


def test_afterwards_no_file_holds_its_text(story: Story) -> None:
    for target in story.targets:
        assert holding(story.lake, target.sentences) == set()


def test_the_rows_stay_as_refused_ones_without_content(story: Story) -> None:
    ids = [target.article_id for target in story.targets]
    rows = tables(story.lake)["articles"].filter(pl.col("article_id").is_in(ids))
    assert rows["rejected_reason"].to_list() == ["forgotten"] * 4
    empty = {name for name in rows.columns if rows[name].null_count() == 4}
    assert {"title", "text", "url", "source", "source_id", "content_hash", "published_at"} <= empty
    assert rows.height + 226 == tables(story.lake)["articles"].height


def test_nothing_else_is_different_from_a_lake_that_never_had_it(story: Story, tmp_path: Path) -> None:
    """Not even what others had merged into it, joined to it as duplicates, or lost to it in a conflict."""
    configuration = configure(tmp_path)
    refused = tables(story.lake)["articles"].filter(pl.col("rejected_reason") == "forgotten")["article_id"]
    addresses = story.before["articles"].filter(pl.col("article_id").is_in(refused.implode()))["url"].to_list()
    assert len(addresses) == 5, "four that were named, and an exact copy of one"
    done = navab("forget", "--config", configuration, *(word for url in addresses for word in ("--url", url)))
    assert done.stdout.count("no article has the address") == 5
    run_until(view_of(tmp_path / "lake"), "triples")
    never, forgotten = tables(tmp_path / "lake"), tables(story.lake)
    for name in TOPICS:
        assert set(never[name]["nation"]) == set(forgotten[name]["nation"])
    compared = never.keys() - {*TOPICS, "takedowns", "triples"}
    for lake in (never, forgotten):
        lake["searches"] = lake["searches"].drop("candidates")  # how many there were at the time of the search
        lake["resolutions"] = lake["resolutions"].drop("stance_before")  # what was decided while it was there
    assert differences({name: never[name] for name in compared}, {name: forgotten[name] for name in compared}) == []
    # Group and split are sticky: an article that has gone may have joined groups, or have given a group its id.
    said = [name for name in never["triples"].columns if name not in ("group_id", "split")]
    sorted_triples = [lake["triples"].select(said).sort("statement_id") for lake in (never, forgotten)]
    assert sorted_triples[0].equals(sorted_triples[1], null_equal=True)
    before = story.before["triples"].select("statement_id", "group_id", "split")
    kept = forgotten["triples"].join(before, on=["statement_id", "group_id", "split"], how="semi")
    assert kept.height == forgotten["triples"].join(before, on="statement_id", how="semi").height


def test_others_got_what_they_had_lost_to_it(story: Story) -> None:
    original, repeated, *_ = (target.article_id for target in story.targets)
    after = tables(story.lake)
    orphaned = story.before["duplicates"].filter(
        (pl.col("canonical_id") == original) & (pl.col("article_id") != original)
    )
    again = after["duplicates"].filter(pl.col("article_id").is_in(orphaned["article_id"].implode()))
    assert again.height == orphaned.height > 0
    assert original not in again["canonical_id"]
    own = story.before["statements"].filter(pl.col("article_id") == repeated)["statement_id"]
    merged = story.before["statements"].filter(pl.col("merged_into").is_in(own.implode()))["statement_id"]
    standing = after["triples"].filter(pl.col("statement_id").is_in(merged.implode()))
    assert standing.height > 0


def test_releases_that_hold_it_are_withdrawn_and_reissued(story: Story) -> None:
    for name, successor in (("sample", "sample-3"), ("sample-2", "sample-4")):
        withdrawn = manifest_of(story.lake, name).withdrawn
        assert withdrawn is not None
        assert withdrawn.replaced_by == successor
        assert f"release {name} is withdrawn" in story.printed
        with pytest.raises(ReleaseWithdrawnError, match=f"load {successor}, which replaces it"):
            load_release(str(story.lake / "releases" / name))
        folder = story.lake / "releases" / name
        assert {path.name for path in folder.rglob("*") if path.is_file()} == {"README.md", "manifest.json"}
        card = (folder / "README.md").read_text("utf-8")
        assert card.startswith("---\n")
        assert f"Use {successor} instead." in card
    assert not any(path.is_file() for path in (story.lake / "releases" / "killed").rglob("*"))


@pytest.mark.parametrize("subset", ["default", "foreign", "contested"])
def test_the_successor_is_the_release_without_its_triples(whole: Path, story: Story, subset: str) -> None:
    ids = [target.article_id for target in story.targets]
    old = released(whole, "sample-2", subset=subset)
    assert released(story.lake, "sample-4", subset=subset).equals(old.filter(~pl.col("article_id").is_in(ids)))


def test_versions_since_the_takedown_stay_within_the_retention(story: Story) -> None:
    for name in ("statements", "duplicates", "triples"):
        folder = str(story.lake / "tables" / name)
        assert DeltaTable(folder).version() > story.at_takedown[name]
        assert pl.read_delta(folder, version=story.at_takedown[name]).height > 0
    articles = story.lake / "tables" / "articles"
    with pytest.raises(Exception, match=r"version|log segment"):
        pl.read_delta(str(articles), version=story.at_takedown["articles"] - 1)


def test_the_next_run_finds_nothing_to_do(story: Story) -> None:
    before = versions(story.lake)
    assert set(run_until(view_of(story.lake), "triples").values()) == {0}
    assert versions(story.lake) == before


def test_a_dry_run_changes_nothing_and_says_what_would_go(whole: Path) -> None:
    before = versions(whole)
    (target, *_) = targets(whole)
    done = navab("forget", "--config", whole.parent / "navab.yaml", "--url", target.url, "--dry-run")
    assert str(target.article_id) in done.stdout
    assert "release sample would be withdrawn" in done.stdout
    assert "near-duplicate" in done.stdout
    assert versions(whole) == before
    assert manifest_of(whole, "sample").withdrawn is None


def wait_for_tombstones(lake: Path, process: subprocess.Popen[str]) -> None:
    """Wait until a takedown is decided: from here on it is completed, whoever carries it out."""
    while not list((lake / "tables" / "takedowns" / "_delta_log").glob("*.json")):
        assert process.poll() is None, "forget ended without tombstones"
        time.sleep(0.01)


@pytest.mark.slow
def test_killed_at_any_moment_it_is_completed(whole: Path, story: Story, tmp_path: Path) -> None:
    """kill -9 of `forget` again and again once its tombstones are written; in the end `run` completes what is left."""
    lake = tmp_path / "lake"
    shutil.copytree(whole, lake)
    configuration = configure(tmp_path)
    chance = random.Random(5)
    urls = [word for target in story.targets for word in ("--url", target.url)]
    killed = 0
    for _ in range(6):
        process = start_navab("forget", "--config", configuration, *urls)
        if wait_for_stage(lake, "forget", process):
            wait_for_tombstones(lake, process)
            time.sleep(chance.uniform(0.0, 0.6))
            if process.poll() is None:
                kill(process)
                killed += 1
        process.wait()
    assert killed >= 2
    navab("run", "--config", configuration)
    navab("maintain", "--config", configuration)
    for target in story.targets:
        assert holding(tmp_path / "lake", target.sentences) == set()
    found, wanted = tables(tmp_path / "lake"), tables(story.lake)
    compared = wanted.keys() - {"takedowns"}
    assert differences({name: wanted[name] for name in compared}, {name: found[name] for name in compared}) == []
    records = [json.loads(path.read_text("utf-8")) for path in (tmp_path / "lake" / "runs").glob("*.json")]
    assert {record["outcome"] for record in records} == {"done"}
