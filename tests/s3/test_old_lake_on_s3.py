"""A lake of schema version 1 on a real S3 server: brought up to date, looked back into, read by others."""

from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl
import pytest
from deltalake import DeltaTable

from tests.lakes import navab, tables
from tests.oldlakes import unpack
from tests.s3.server import Server

pytestmark = pytest.mark.slow


def test_an_old_lake_on_s3(server: Server, tmp_path: Path) -> None:
    configuration = unpack(1, tmp_path)
    on_disk = tables(tmp_path / "lake")
    server.files.put(str(tmp_path / "lake"), "lake/old", recursive=True)
    lake = ["--set", "lake=s3://lake/old", "--set", f"storage.endpoint_url={server.endpoint}"]
    done = navab("run", "--config", configuration, *lake, "--until", "articles")
    assert "lake: table files: column format added" in done.stderr
    assert "nothing new" in done.stdout
    assert server.files.exists("lake/old/schema.json")

    options = server.delta_options
    for name, rows in on_disk.items():
        uri = f"s3://lake/old/tables/{name}"
        triples = DeltaTable(uri, storage_options=options).to_pyarrow_dataset()  # noqa: F841  (DuckDB finds it)
        counted = duckdb.sql("SELECT count(*), sum(CAST(fingerprint AS HUGEINT)) FROM triples").fetchall()[0]
        frame = pl.scan_delta(uri, storage_options=options).select("fingerprint").collect()["fingerprint"]
        assert counted == (rows.height, sum(frame)) == (len(frame), sum(rows["fingerprint"]))

    then = navab("status", "--config", configuration, *lake, "--as-of", "files=0").stdout.splitlines()
    now = navab("status", "--config", configuration, *lake).stdout.splitlines()
    assert [line.split() for line in then if line.startswith("files")] == [["files", "0", "1", "1"]]
    assert [line.split() for line in now if line.startswith("files")] == [["files", "2", "1", "1"]]
    first = navab("status", "--config", configuration, *lake, "--as-of", "2020-01-01", check=False)
    assert first.returncode == 2
    begin = first.stderr.split()[-1]
    assert "articles" in navab("status", "--config", configuration, *lake, "--as-of", begin).stdout
