"""A takedown and maintenance on a real S3 server: afterwards no object holds the text."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl
import pytest

from navab.errors import ReleaseWithdrawnError
from navab.maintenance import clean_releases, maintain
from navab.publish import publish
from navab.release.load import load_release
from navab.takedown.forget import Request, complete, entomb, search
from tests.inprocess import open_small, rows, run_until
from tests.lakes import SAMPLE
from tests.s3.server import Server
from tests.words import words_of

pytestmark = pytest.mark.slow


def test_no_object_holds_the_text(server: Server, tmp_path: Path) -> None:
    shutil.copy(SAMPLE / "crawl-1" / "fr.jsonl", tmp_path / "fr.jsonl")
    options = {"nations": ["fr"], "tolerance": 1, "screening": {"keep": "all"}, "resources": {"num_cpus": 2}}
    storage = {"endpoint_url": server.endpoint}
    view = open_small(tmp_path, lake="s3://lake/takedown", storage=storage, **options)
    run_until(view, "triples")
    publish(view)
    row = rows(view, "triples").filter(pl.col("url").is_not_null()).row(0, named=True)
    assert len(holding(server, row["evidence"])) >= 4
    request = Request((row["url"],))
    with view.lake.claim("forget") as claim:
        entomb(request, search(request, view), view, claim)
        complete(view, claim, lambda: None)
        maintain(view, claim)
        clean_releases(view, claim)
    assert holding(server, row["evidence"]) == []
    with pytest.raises(ReleaseWithdrawnError, match="benchmark-2"):
        load_release("s3://lake/takedown/releases/benchmark", storage_options=storage)
    assert set(run_until(view, "triples").values()) != {0}, "what rested on it is decided anew"


def holding(server: Server, sentence: str) -> list[str]:
    """Objects of the lake that hold a sentence."""
    paths = server.files.find("lake/takedown")
    return [path for path in paths if any(sentence in words for words in words_of(server.files.cat(path)))]
