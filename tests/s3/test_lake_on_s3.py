"""A lake on a real S3 server (SeaweedFS): the same tables as on a disk, one holder, no secret in any output."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from navab import load_release
from navab.errors import LakeHeldError
from navab.lake.lake import Lake
from navab.lake.storage import StorageOptions
from tests.lakes import SAMPLE, differences, navab, sample_configuration, tables
from tests.s3.server import KEY, SECRET, Server

pytestmark = pytest.mark.slow


def test_the_tables_are_those_of_a_lake_on_disk(built: Path, server: Server, tmp_path: Path) -> None:
    configuration = sample_configuration(tmp_path, lake="s3://lake/one", storage={"endpoint_url": server.endpoint})
    done = navab("run", "--config", configuration, "--set", "resources.num_cpus=2")
    again = navab("run", "--config", configuration)
    assert "nothing new" in again.stdout
    report = navab("report", "--config", configuration, "--output", tmp_path / "report.html")
    assert differences(tables(built), server.tables("one")) == []
    release = load_release(
        "s3://lake/one/releases/sample",
        storage_options={"endpoint_url": server.endpoint, "key": KEY, "secret": SECRET},
    )
    assert release.equals(load_release(str(built / "releases" / "sample")))
    outputs = [done.stdout, done.stderr, report.stdout, (tmp_path / "report.html").read_text("utf-8")]
    outputs += [server.files.cat(path).decode("utf-8", "replace") for path in server.files.find("lake/one/runs")]
    outputs += [server.files.cat(path).decode("utf-8", "replace") for path in server.files.find("lake/one/releases")]
    assert not any(SECRET in output for output in outputs)


def test_sources_are_read_from_s3(server: Server, tmp_path: Path) -> None:
    server.files.put(str(SAMPLE / "crawl-1" / "fr.jsonl"), "lake/crawls/first/fr.jsonl")
    configuration = sample_configuration(
        tmp_path,
        lake="s3://lake/two",
        storage={"endpoint_url": server.endpoint},
        sources=[{"path": "s3://lake/crawls/*/*.jsonl", "nation": "fr"}],
    )
    navab("run", "--config", configuration, "--until", "articles")
    articles = server.tables("two")["articles"]
    assert articles.height == 40
    assert set(articles["path"]) == {"s3://lake/crawls/first/fr.jsonl"}


def test_one_holder_at_a_time(server: Server) -> None:
    options = StorageOptions(server.endpoint)
    second = Lake("s3://lake/three", options).claim("run")
    held = pytest.raises(LakeHeldError, match=f"process {os.getpid()}")
    with Lake("s3://lake/three", options).claim("run"), held:
        second.__enter__()
    with Lake("s3://lake/three", options).claim("run") as claim:
        assert claim.epoch == 2


def test_a_wrong_secret_ends_with_exit_code_4(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    configuration = sample_configuration(tmp_path, lake="s3://lake/four", storage={"endpoint_url": server.endpoint})
    done = navab("run", "--config", configuration, check=False)
    assert done.returncode == 4
    assert done.stderr.count("\n") == 1
