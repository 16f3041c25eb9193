"""The view: what a new file makes pending, and what is read to find that out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from navab import view as views
from navab.stages.duplicates import plan_signatures
from navab.view import View
from tests.inprocess import TEXTS, article, open_small, run_until, write_jsonl

UK = "The council said on Tuesday that it would vote on the budget of the libraries before the end of the month, {}."


@pytest.fixture
def built_view(tmp_path: Path) -> Iterator[View]:
    """A lake whose first file has gone through the stage of duplicates."""
    write_jsonl(tmp_path / "one.jsonl", [article(text=f"{TEXTS['en']} {UK.format(n)}", url=str(n)) for n in range(4)])
    view = open_small(tmp_path)
    run_until(view, "duplicates")
    yield view


def add_file(view: View, folder: Path) -> None:
    write_jsonl(folder / "two.jsonl", [article(text=UK.format("it is said"), url="new")])
    run_until(view, "articles")


def test_a_new_file_is_read_and_no_other(built_view: View, tmp_path: Path) -> None:
    old = [built_view.snapshot("articles").file_path(0)]
    assert built_view.pending("signatures").is_empty()
    add_file(built_view, tmp_path)
    content = Path(old[0]).read_bytes()
    Path(old[0]).write_bytes(b"not to be read")
    (unit,) = plan_signatures(built_view)
    assert unit.rows == 1
    read = [path for path, _, _ in unit.reads["articles"].parts]
    assert set(read).isdisjoint(old)
    assert unit.reads["articles"].read(built_view.lake.storage)["text"].to_list() == [UK.format("it is said")]
    Path(old[0]).write_bytes(content)


def test_keys_that_were_dropped_for_memory_are_read_again(
    built_view: View, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "KEPT_BYTES", 0)
    add_file(built_view, tmp_path)
    built_view.forget()
    assert built_view.pending("signatures").height == 1
    assert built_view.live("articles").height == 5
    assert built_view.live("duplicates").height == 4


def test_what_is_derived_fits_rows_that_are_read_again(
    built_view: View, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows of a new file are added to those of others, and come in another order when all are read again."""
    refused = article(text="Too short.", url="short")
    write_jsonl(tmp_path / "two.jsonl", [article(text=UK.format("it is said"), url="new"), refused])
    assert built_view.live("articles").height == 4
    run_until(built_view, "articles")
    expected = set(built_view.live("articles", "article_id")["article_id"])
    monkeypatch.setattr(views, "KEPT_BYTES", 0)
    for table in ("signatures", "duplicates"):
        built_view.forget((table,))
        assert set(built_view.live("articles", "article_id")["article_id"]) == expected
        built_view.pending("duplicates")


def test_pending_and_current_rows_follow_a_commit(built_view: View, tmp_path: Path) -> None:
    add_file(built_view, tmp_path)
    assert built_view.pending("duplicates").is_empty(), "its signature comes first"
    run_until(built_view, "duplicates")
    assert built_view.pending("duplicates").is_empty()
    assert built_view.current("duplicates").height == 5
