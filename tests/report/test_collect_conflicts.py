"""Conflicts in the report, from the bundled sample: each once, the largest first, by what opposes what was retained."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from navab.report import collect_conflicts
from navab.report.collect_conflicts import largest_conflicts
from navab.stages.base import Selection
from navab.view import View
from tests.inprocess import article, open_small, rows, run_until, write_jsonl

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


def test_a_conflict_is_shown_by_what_opposes_what_was_retained(view: View) -> None:
    for conflict in largest_conflicts(view)[0]:
        assert conflict.left.retained != conflict.right.retained
        lost = conflict.left if not conflict.left.retained else conflict.right
        kept = conflict.right if not conflict.left.retained else conflict.left
        assert lost.evidence and kept.evidence and conflict.reason
        assert conflict.judge and conflict.verdict


WATER = (
    ("Alistair Menzies", "not bring the water companies"),
    ("Harriet Colwyn", "bring the water companies"),
    ("Rose Tully", "bring the railways and the water companies"),
)


def test_a_dispute_of_three_is_one_conflict_shown_by_its_nearest_sides(tmp_path: Path) -> None:
    texts = [
        "Shares in water suppliers moved little on Monday after a day of debate about pipes and sewage in the rivers.\n"
        f"“The government should {what} into public ownership,” said {who}, who spoke to reporters in London.\n"
        f"The remark drew applause from some of those present, and the debate went on in committee {number}."
        for number, (who, what) in enumerate(WATER)
    ]
    records = [article(text=text, title=text[-20:], source=f"Outlet {text[-2]}") for text in texts]
    write_jsonl(tmp_path / "a.jsonl", records)
    view = open_small(tmp_path, screening={"keep": "all"}, dedup={"threshold": 1.0})
    run_until(view, "conflicts")
    ((conflict,), total) = largest_conflicts(view)
    assert (total, conflict.component_size, conflict.contradictions) == (1, 3, 2)
    assert {side.speaker: side.retained for side in (conflict.left, conflict.right)} == {
        "Alistair Menzies": False,
        "Harriet Colwyn": True,
    }


def test_the_largest_are_shown_of_many(view: View, monkeypatch: pytest.MonkeyPatch) -> None:
    found, total = largest_conflicts(view)
    monkeypatch.setattr(collect_conflicts, "LARGEST_CONFLICTS", 1)
    assert largest_conflicts(view) == (found[:1], total)


def test_no_statement_is_read_but_those_shown(view: View, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    whole = Selection.read
    monkeypatch.setattr(Selection, "read", lambda self, storage: read.append(self.height) or whole(self, storage))
    monkeypatch.setattr(collect_conflicts, "LARGEST_CONFLICTS", 1)
    largest_conflicts(view)
    assert read == [2]
