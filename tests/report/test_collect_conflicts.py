"""Conflicts in the report, from the bundled sample: each once, the largest first, by what opposes what was retained."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from navab.report import collect_conflicts
from navab.report.collect_conflicts import largest_conflicts
from navab.view import View
from tests.inprocess import open_small, rows, run_until

SAMPLE = Path(__file__).resolve().parents[2] / "examples" / "sample"


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> View:
    folder = tmp_path_factory.mktemp("conflicts")
    view = open_small(folder, sources=[{"path": str(SAMPLE / "*" / "*.jsonl")}])
    run_until(view, "conflicts")
    return view


def test_every_conflict_is_shown_once_with_its_size(view: View) -> None:
    found, total = largest_conflicts(view)
    resolved = rows(view, "resolutions")
    disputed = resolved.filter(pl.col("stance") != "undisputed")
    against = rows(view, "conflicts").filter(pl.col("verdict") == "contradiction")
    assert len(found) == total == disputed["component_id"].n_unique() > 1
    assert sum(conflict.contradictions for conflict in found) == against.height
    sizes = resolved.filter(pl.col("component_id").is_in(disputed["component_id"].implode()))
    assert sum(conflict.component_size for conflict in found) == sizes.height
    assert max(conflict.contradictions for conflict in found) > 1, "the sample has a dispute of several statements"


def test_a_conflict_is_shown_by_what_opposes_what_was_retained(view: View) -> None:
    for conflict in largest_conflicts(view)[0]:
        assert conflict.left.retained != conflict.right.retained
        lost = conflict.left if not conflict.left.retained else conflict.right
        kept = conflict.right if not conflict.left.retained else conflict.left
        assert lost.evidence and kept.evidence and conflict.reason
        assert conflict.judge and conflict.verdict


def test_the_largest_are_shown_of_many(view: View, monkeypatch: pytest.MonkeyPatch) -> None:
    found, total = largest_conflicts(view)
    monkeypatch.setattr(collect_conflicts, "LARGEST_CONFLICTS", 1)
    assert largest_conflicts(view) == (found[:1], total)
