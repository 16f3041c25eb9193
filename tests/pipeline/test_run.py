"""The main job, end to end with the real command: built once, run again, grown, overruled."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import polars as pl
import pytest

from navab.execution.runs import last_run
from navab.lake.schema import load_schema
from navab.lake.storage import Storage
from tests.lakes import differences, navab, sample_configuration, start_navab, tables, versions, wait_for_stage


@pytest.fixture
def copy(built: Path, tmp_path: Path) -> Path:
    """A lake of its own to change; the configuration lies beside it."""
    shutil.copytree(built, tmp_path / "lake")
    sample_configuration(tmp_path)
    return tmp_path / "lake"


def test_running_again_changes_no_table(copy: Path) -> None:
    before = versions(copy)
    done = navab("run", "--config", copy.parent / "navab.yaml")
    assert versions(copy) == before
    assert "nothing new" in done.stdout
    assert "unchanged" in done.stdout


def test_every_nation_gets_triples_of_both_splits(built: Path) -> None:
    triples = tables(built)["triples"].filter(pl.col("rejected_reason").is_null())
    found = triples.group_by("nation").agg(pl.col("split").n_unique(), pl.len())
    assert set(found["nation"]) == {"cn", "us", "uk", "fr", "de"}
    assert found["split"].to_list() == [2] * 5
    assert found["len"].min() >= 15  # type: ignore[operator]


def test_a_leakage_group_is_never_split(built: Path) -> None:
    triples = tables(built)["triples"].filter(pl.col("rejected_reason").is_null())
    assert triples.group_by("group_id").agg(pl.col("split").n_unique())["split"].max() == 1
    assert triples.group_by("article_id").agg(pl.col("split").n_unique())["split"].max() == 1


def test_keys_are_unique_in_every_row_table(built: Path) -> None:
    keys = {
        "articles": "record_id",
        "signatures": "article_id",
        "duplicates": "article_id",
        "embeddings": "article_id",
        "article_topics": "article_id",
        "screening": "article_id",
        "extractions": "article_id",
        "groundings": "statement_id",
        "statements": "statement_id",
        "searches": "statement_id",
        "wordings": "statement_id",
        "triples": "statement_id",
    }
    for name, frame in tables(built).items():
        if name in keys:
            assert frame.select(keys[name], "fingerprint").is_duplicated().sum() == 0, name


@pytest.mark.parametrize("cpus", [1, pytest.param(4, marks=pytest.mark.slow)])
def test_the_number_of_cpus_does_not_matter(built: Path, tmp_path: Path, cpus: int) -> None:
    configuration = sample_configuration(tmp_path)
    navab("run", "--config", configuration, "--set", f"resources.num_cpus={cpus}", "--set", "resources.unit_rows=37")
    assert differences(tables(built), tables(tmp_path / "lake")) == []


def test_a_second_crawl_is_processed_alone(built: Path, tmp_path: Path) -> None:
    first = sample_configuration(tmp_path, crawls=["crawl-1"])
    navab("run", "--config", first)
    before = tables(tmp_path / "lake")
    navab("run", "--config", sample_configuration(tmp_path))
    after = tables(tmp_path / "lake")
    for name in ("articles", "signatures", "duplicates", "embeddings", "article_topics", "screening", "extractions"):
        key = load_schema(name).key[0]
        old = before[name].select(key, "fingerprint")
        same = after[name].select(key, "fingerprint").join(old, on=key, how="semi")
        assert same.sort(key).equals(old.sort(key)), f"{name}: rows of the first crawl were made anew"
    assert after["articles"].filter(pl.col("crawl") == "crawl-2").height == 30
    assert after["files"].height == before["files"].height + 1
    # What does not depend on the topic model is the same as when both crawls come at once.
    whole = tables(built)
    for name in ("articles", "signatures", "duplicates", "embeddings"):
        assert differences({name: whole[name]}, {name: after[name]}) == []


def test_a_persons_word_takes_effect_without_extraction(copy: Path, tmp_path: Path) -> None:
    configuration, file = copy.parent / "navab.yaml", tmp_path / "topics.csv"
    navab("topics", "export", file, "--config", configuration)
    rows = list(csv.DictReader(file.open(encoding="utf-8")))
    chosen = max((row for row in rows if row["sensitive"] == "True"), key=lambda row: int(row["size"]))
    chosen["decision"], chosen["note"] = "no", "a person says so"
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    before, status = versions(copy), navab("status", "--config", configuration).stdout
    navab("topics", "import", file, "--config", configuration)
    navab("run", "--config", configuration)
    after = versions(copy)
    assert after["extractions"] == before["extractions"]
    assert after["screening"] > before["screening"]
    assert navab("status", "--config", configuration).stdout != status
    screening = tables(copy)["screening"].filter(pl.col("decided_by") == "person")
    assert screening["topic_id"].unique().to_list() == [int(chosen["topic_id"])]
    assert not screening["sensitive"].any()
    topics = tables(copy)["topics"].filter(pl.col("decided_by") == "person")
    assert topics["topic_id"].to_list() == [int(chosen["topic_id"])]


def test_a_second_driver_is_refused(tmp_path: Path) -> None:
    configuration = sample_configuration(tmp_path)
    first = start_navab("run", "--config", configuration)
    try:
        assert wait_for_stage(tmp_path / "lake", "articles", first)
        second = navab("run", "--config", configuration, check=False)
    finally:
        first.terminate()
        first.wait()
    assert second.returncode == 75
    assert f"process {first.pid}" in second.stderr
    assert second.stderr.count("\n") == 1
    assert first.returncode == 143
    last = last_run(Storage(str(tmp_path / "lake")))
    assert last is not None and last.outcome == "interrupted"


def test_until_stops_after_a_stage(tmp_path: Path) -> None:
    navab("run", "--config", sample_configuration(tmp_path, crawls=["crawl-2"]), "--until", "articles")
    assert sorted(versions(tmp_path / "lake")) == ["articles", "files"]
    plan = navab("run", "--config", tmp_path / "navab.yaml", "--plan").stdout
    assert "signatures" in plan
    assert sorted(versions(tmp_path / "lake")) == ["articles", "files"]


def test_too_many_bad_records_end_with_exit_code_3(tmp_path: Path) -> None:
    configuration = sample_configuration(tmp_path, tolerance=0.01)
    done = navab("run", "--config", configuration, check=False)
    assert done.returncode == 3
    assert "crawl-1" in done.stderr
    assert "tolerance" in done.stderr
    again = navab("run", "--config", configuration, check=False)
    assert again.returncode == 3
