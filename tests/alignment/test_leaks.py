"""The check of a split finds what is on both sides, by each thing that holds triples together."""

from __future__ import annotations

import polars as pl
import pytest

from navab.alignment.leaks import lake_keys, leaking, leaks, refuse_leaks, release_keys
from navab.errors import ConservationError

NONE = pl.DataFrame(schema={"statement_id": pl.Int64, "article_id": pl.Int64})
UNRELATED = pl.DataFrame(schema={"left_id": pl.Int64, "right_id": pl.Int64})
APART = pl.DataFrame({"article_id": [10, 20, 30], "canonical_id": [10, 20, 30]})


def triples(**changes: list[object]) -> pl.DataFrame:
    """Two triples that have nothing in common, one on either side."""
    columns: dict[str, list[object]] = {
        "triple_id": [1, 2],
        "split": ["train", "test"],
        "statement_id": [100, 200],
        "article_id": [10, 20],
        "group_id": [1, 2],
        "statement": ["Taxes should fall.", "Trains should run."],
    }
    return pl.DataFrame(columns | changes)


def kinds(keys: pl.DataFrame) -> list[str]:
    return leaks(keys)["kind"].to_list()


def test_a_clean_split_passes() -> None:
    refuse_leaks("r", release_keys(triples()))
    assert kinds(lake_keys(triples(), NONE, APART, UNRELATED)) == []


@pytest.mark.parametrize(
    ("column", "values", "kind"),
    [
        ("group_id", [1, 1], "leakage group"),
        ("article_id", [10, 10], "article"),
        ("statement_id", [100, 100], "statement"),
        ("statement", ["Taxes should fall.", "taxes should  fall"], "words"),
    ],
)
def test_what_a_release_shows_is_found(column: str, values: list[object], kind: str) -> None:
    keys = release_keys(triples(**{column: values}))
    assert kinds(keys) == [kind]
    with pytest.raises(ConservationError, match=rf"train triple 1 and test triple 2 share a {kind} \(1 such"):
        refuse_leaks("r", keys)


def test_the_same_on_one_side_is_no_leak() -> None:
    assert kinds(release_keys(triples(split=["train", "train"], article_id=[10, 10]))) == []


def test_two_reports_of_one_story_are_found() -> None:
    duplicates = pl.DataFrame({"article_id": [10, 20], "canonical_id": [10, 10]})
    assert kinds(lake_keys(triples(), NONE, duplicates, UNRELATED)) == ["restatement or duplicate"]


def test_the_article_of_a_merged_restatement_is_found() -> None:
    merged = pl.DataFrame({"statement_id": [100], "article_id": [20]})
    assert kinds(lake_keys(triples(), merged, APART, UNRELATED)) == ["restatement or duplicate"]


def test_two_sides_of_a_conflict_are_found() -> None:
    related = pl.DataFrame({"left_id": [100], "right_id": [200]})
    assert kinds(lake_keys(triples(), NONE, APART, related)) == ["conflict or entailment"]


def test_two_ends_of_a_conflict_are_found_though_what_lies_between_is_not_released() -> None:
    related = pl.DataFrame({"left_id": [100, 300], "right_id": [300, 200]})
    keys = lake_keys(triples(), NONE, APART, related)
    assert kinds(keys) == ["conflict or entailment"]
    assert leaking(keys).to_list() == [1], "the triple of train is left out"


def test_what_is_on_one_side_is_learned() -> None:
    related = pl.DataFrame({"left_id": [100], "right_id": [300]})
    assert leaking(lake_keys(triples(), NONE, APART, related)).to_list() == []
