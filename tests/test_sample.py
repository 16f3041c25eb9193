"""The bundled sample holds planted cases (examples/sample/planted): exactly those are found."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from navab.text.normalise import fold_text
from tests.lakes import SAMPLE, tables

NATIONS = ("cn", "us", "uk", "fr", "de")


@dataclass
class Found:
    """What the built lake holds of one nation, by the sample's own article ids."""

    nation: str
    tables: dict[str, pl.DataFrame]

    @cached_property
    def ids(self) -> dict[int, str]:
        articles = self.tables["articles"].filter(pl.col("article_id").is_not_null())
        return dict(articles.select("article_id", "source_id").iter_rows())

    @cached_property
    def statements(self) -> pl.DataFrame:
        rows = self.rows("statements")
        return rows.with_columns(
            pl.col("article_id").replace_strict(self.ids, return_dtype=pl.String).alias("id"),
            pl.Series("folded", [fold_text(text) for text in rows["text"]], dtype=pl.String),
        )

    def rows(self, table: str) -> pl.DataFrame:
        return self.tables[table].filter(pl.col("nation") == self.nation)

    def pairs(self, verdict: str) -> set[frozenset[str]]:
        """Judged pairs by folded text."""
        texts = dict(self.statements.select("statement_id", "folded").iter_rows())
        judged = self.rows("conflicts").filter(pl.col("verdict") == verdict)
        return {frozenset((texts[a], texts[b])) for a, b in judged.select("left_id", "right_id").iter_rows()}


@pytest.fixture(scope="module")
def contents(built: Path) -> dict[str, pl.DataFrame]:
    return tables(built)


@pytest.fixture(params=NATIONS)
def nation(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def found(contents: dict[str, pl.DataFrame], nation: str) -> Found:
    return Found(nation, contents)


@pytest.fixture
def planted(nation: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((SAMPLE / "planted" / f"{nation}.yaml").read_text("utf-8"))
    return loaded


@pytest.mark.parametrize("kind", ["exact", "near"])
def test_duplicates(found: Found, planted: dict[str, Any], kind: str) -> None:
    rows = found.rows("duplicates").filter(pl.col("kind") == kind).select("article_id", "canonical_id")
    pairs = {(found.ids[article], found.ids[canonical]) for article, canonical in rows.iter_rows()}
    assert pairs == {(one["id"], one["canonical"]) for one in planted[f"{kind}_duplicates"]}


def test_other_languages(found: Found, planted: dict[str, Any]) -> None:
    rows = found.rows("articles").filter(pl.col("rejected_reason") == "other_language")
    assert set(rows["source_id"]) == set(planted["other_language"])


def test_broken_records(contents: dict[str, pl.DataFrame], nation: str, planted: dict[str, Any]) -> None:
    refused = contents["articles"].filter(
        pl.col("path").str.ends_with(f"crawl-1/{nation}.jsonl")
        & pl.col("rejected_reason").is_not_null()
        & (pl.col("rejected_reason") != "other_language")
    )
    found = set(refused.select("record_no", "rejected_reason").iter_rows())
    assert found == {(one["line"], one["reason"]) for one in planted["broken"]}


def test_apolitical_articles_yield_nothing(found: Found, planted: dict[str, Any]) -> None:
    assert set(found.statements["id"]) & set(planted["apolitical"]) == set()


def test_planted_statements(found: Found, planted: dict[str, Any]) -> None:
    """Nearly all that was planted is extracted, and nearly nothing else."""
    wanted = {fold_text(one["text"]) for one in planted["statements"] + planted["foreign_speakers"]}
    wanted |= {fold_text(one[side]["text"]) for one in planted["contradictions"] for side in ("left", "right")}
    wanted |= {fold_text(one["text"]) for one in planted["restatements"]}
    wanted |= {fold_text(one[side]["text"]) for one in planted["near_restatements"] for side in ("left", "right")}
    extracted = set(found.statements["folded"])
    assert len(wanted & extracted) >= 0.85 * len(wanted), wanted - extracted
    assert len(extracted - wanted) <= 0.1 * len(extracted), extracted - wanted


def test_contradictions(found: Found, planted: dict[str, Any]) -> None:
    wanted = {
        frozenset(fold_text(one[side]["text"]) for side in ("left", "right")) for one in planted["contradictions"]
    }
    assert found.pairs("contradiction") == wanted


def test_of_every_contradiction_one_side_is_retained(found: Found) -> None:
    decided = found.rows("resolutions").filter(pl.col("stance") != "undisputed")
    retained = decided.group_by("component_id").agg(pl.col("retained").sum(), pl.len())
    assert (retained["retained"] >= 1).all()
    assert (retained["retained"] < retained["len"]).all()


def test_restatements_are_merged(found: Found, planted: dict[str, Any]) -> None:
    merged = found.statements.filter(pl.col("merged_into").is_not_null())
    assert set(merged["folded"]) == {fold_text(one["text"]) for one in planted["restatements"]}
    for one in planted["restatements"]:
        assert set(found.statements.filter(pl.col("folded") == fold_text(one["text"]))["id"]) == set(one["ids"])


def test_near_restatements_back_each_other(found: Found, planted: dict[str, Any]) -> None:
    wanted = {
        frozenset(fold_text(one[side]["text"]) for side in ("left", "right")) for one in planted["near_restatements"]
    }
    assert wanted <= found.pairs("entailment")


def test_foreign_speakers(found: Found, planted: dict[str, Any]) -> None:
    foreign = found.statements.filter(pl.col("speaker_nation") == "foreign")
    assert set(foreign["id"]) == {one["id"] for one in planted["foreign_speakers"]}
    speakers = dict(foreign.select("id", "speaker").iter_rows())
    assert all(speakers[one["id"]] in one["speaker"] for one in planted["foreign_speakers"])
