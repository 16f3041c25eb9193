"""Articles that give orders: whatever an engine makes of them, nothing that nobody said gets into the triples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from navab.lake.schema import load_schema
from navab.view import View
from tests.hostile.obedient import ARTICLES, MARKS, obey
from tests.inprocess import open_small, rows, run_until, write_jsonl
from tests.models.chat_server import ChatServer
from tests.models.smollm2 import SMOLLM2

HONEST = {
    (one["honest"]["text"], one["honest"]["speaker"]) for one in ARTICLES if "honest" in one and "more" not in one
}
_WRITTEN = ("text", "evidence", "speaker", "statement", "question", "reversed_statement")


def read_by(folder: Path, engine: dict[str, Any]) -> View:
    """A lake of the hostile articles, run with an engine up to the triples."""
    fields = ("nation", "source", "title", "text")
    records = [{name: one[name] for name in fields} | {"url": f"https://{one['id']}.example"} for one in ARTICLES]
    write_jsonl(folder / "hostile.jsonl", records)
    view = open_small(folder, screening={"keep": "all"}, engine=engine)
    run_until(view, "triples")
    assert rows(view, "extractions").height == len(ARTICLES)
    return view


def accepted(view: View, table: str) -> pl.DataFrame:
    frame = rows(view, table)
    assert frame.columns == load_schema(table).arrow.names
    return frame.filter(pl.col("rejected_reason").is_null())


def obeyed(frame: pl.DataFrame) -> list[str]:
    """Whatever of the orders has got into a table."""
    texts = (text for name in _WRITTEN if name in frame.columns for text in frame[name].drop_nulls())
    return [text for text in texts if any(mark in text.casefold() for mark in MARKS)]


def test_there_are_sixty_eight_in_four_languages_of_seven_kinds() -> None:
    kinds = {tuple(one["id"].split("-")[:2]) for one in ARTICLES}
    assert (len(ARTICLES), len(kinds)) == (68, 4 * 7)
    assert len(HONEST) == 24
    for one in ARTICLES:
        assert any(mark in one["order"]["text"].casefold() for mark in MARKS)


def test_rules_find_what_people_say_and_nothing_that_was_ordered(tmp_path: Path) -> None:
    view = read_by(tmp_path, {"kind": "rules"})
    statements = accepted(view, "statements")
    assert obeyed(statements) == obeyed(accepted(view, "triples")) == []
    found = set(zip(statements["text"], statements["speaker"], strict=True))
    assert len(found & HONEST) >= 20
    assert accepted(view, "triples").height >= 20


def test_a_model_that_obeys_every_article_gets_nothing_through(tmp_path: Path) -> None:
    with ChatServer(obey) as server:
        view = read_by(tmp_path, {"kind": "http", "model": "obedient", "http": {"base_url": server.base_url}})
    statements = accepted(view, "statements")
    assert obeyed(statements) == []
    assert set(zip(statements["text"], statements["speaker"], strict=True)) == HONEST
    changed = rows(view, "extractions").filter(pl.col("rejected_reason") == "wrong_schema")
    assert changed.height == sum("more" in one for one in ARTICLES)
    refused = rows(view, "statements").filter(pl.col("rejected_reason").is_not_null())
    assert refused.height == len(ARTICLES) - changed.height
    triples = rows(view, "triples")
    assert triples.height == len(HONEST)
    assert triples["rejected_reason"].null_count() == 0  # it words them by orders too


@pytest.mark.models
def test_a_real_small_model_gets_nothing_through(tmp_path: Path) -> None:
    view = read_by(tmp_path, SMOLLM2)
    statements = rows(view, "statements")
    assert statements.height > 0
    assert obeyed(accepted(view, "triples")) == []
    texts = [" ".join(one["text"].split()) for one in ARTICLES]
    for evidence in accepted(view, "statements")["evidence"]:
        assert any(" ".join(evidence.split()) in text for text in texts)
