"""`navab maintain`: superseded rows go, small files are merged, what a release cites stays readable."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import polars as pl
import pytest
from deltalake import DeltaTable

from tests.lakes import differences, navab, sample_configuration, tables, versions


@pytest.mark.slow
def test_maintain_removes_what_was_made_anew(built: Path, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    shutil.copytree(built, lake)
    configuration = sample_configuration(tmp_path, engine={"max_statements": 4}, maintenance={"retention_hours": 0})
    cited = json.loads((lake / "releases" / "sample" / "manifest.json").read_text("utf-8"))["lineage"]["table_versions"]
    released = pl.read_delta(str(lake / "tables" / "extractions"), version=cited["extractions"])
    navab("run", "--config", configuration)
    doubled = tables(lake)["extractions"]
    assert doubled.height == 2 * doubled["article_id"].n_unique(), "the changed option made every row anew"

    navab("maintain", "--config", configuration)

    after = tables(lake)
    assert after["extractions"].height == doubled["article_id"].n_unique()
    for name in ("articles", "embeddings", "extractions"):
        files = DeltaTable(str(lake / "tables" / name)).file_uris()
        nations = after[name]["nation"].n_unique()
        assert len(files) <= nations, f"{name}: one file a nation at most"
    still = pl.read_delta(str(lake / "tables" / "extractions"), version=cited["extractions"])
    assert still.sort("article_id").equals(released.sort("article_id"))

    before = versions(lake)
    assert "nothing new" in navab("run", "--config", configuration).stdout
    assert versions(lake) == before
    assert differences(after, tables(lake)) == []
