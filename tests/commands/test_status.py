"""`navab status`: which releases a lake has, and what became of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from navab.commands.status import show_releases
from navab.publish import publish
from navab.release.find import all_releases
from navab.release.manifest import Withdrawal, mark_withdrawn
from tests.crawls import crawl
from tests.inprocess import open_small, run_until


def test_releases_are_listed_withdrawn_ones_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    crawl(tmp_path, "2026-11-01", 0)
    sources = [{"path": f"{tmp_path}/{{date}}/*.jsonl"}]
    view = open_small(tmp_path, nations=["uk"], sources=sources, screening={"keep": "all"})
    run_until(view, "triples")
    manifest = publish(view).manifest
    storage = view.lake.storage
    show_releases(all_releases(storage))
    _, line = capsys.readouterr().out.splitlines()
    assert line.split() == ["benchmark", *f"{manifest.created_at:%Y-%m-%d %H:%M}".split(), "3"]
    root = storage.path("releases", manifest.name)
    withdrawal = Withdrawal(at=manifest.created_at, replaced_by="benchmark-2")
    mark_withdrawn(storage.filesystem, root, manifest, withdrawal)
    show_releases(all_releases(storage))
    assert "withdrawn, benchmark-2 replaces it" in capsys.readouterr().out
