"""Preference pairs: only from the subset `default`, one file a format, nation, source type and split."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from navab.release.load import load_release
from navab.release.preferences import preference_pairs
from tests.release.conftest import frame, triple


def pairs_of(root: Path, path: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (root / "preferences" / path).read_text("utf-8").splitlines()]


def test_files_are_by_format_nation_source_type_and_split(root: Path) -> None:
    files = {str(path.relative_to(root / "preferences")) for path in root.rglob("preferences/**/*.jsonl")}
    assert files == {
        f"{form}/{nation}/{source}/{split}.jsonl"
        for form in ("plain", "conversational")
        for nation, source in (("cn", "quoted"), ("uk", "quoted"), ("uk", "official"))
        for split in ("train", "test")
    }


def test_a_pair_is_a_triple_of_the_default_subset(root: Path) -> None:
    pairs = pairs_of(root, "plain/cn/quoted/train.jsonl")
    triples = load_release(str(root), nation="cn", split="train")
    assert {pair["triple_id"] for pair in pairs} == set(triples["triple_id"])
    first = triples.row(by_predicate=pl.col("triple_id") == pairs[0]["triple_id"], named=True)
    assert pairs[0] == {
        "prompt": first["question"],
        "chosen": first["statement"],
        "rejected": first["reversed_statement"],
        "weight": 1.0,
        "language": "zh",
        "triple_id": first["triple_id"],
        "group_id": first["group_id"],
    }


def test_the_conversational_format_has_the_same_texts_as_turns(root: Path) -> None:
    plain, chat = (pairs_of(root, f"{form}/uk/quoted/train.jsonl") for form in ("plain", "conversational"))
    for pair, turns in zip(plain, chat, strict=True):
        assert turns["prompt"] == [{"role": "user", "content": pair["prompt"]}]
        assert turns["chosen"] == [{"role": "assistant", "content": pair["chosen"]}]
        assert turns["rejected"] == [{"role": "assistant", "content": pair["rejected"]}]


def test_a_leakage_group_weighs_as_much_as_a_lone_pair() -> None:
    rows = [triple(number, "uk", group_id=7) for number in range(4)] + [triple(4, "uk"), triple(5, "cn", group_id=7)]
    pairs = preference_pairs(frame(rows))
    weights = {tuple(key): float(part["weight"].sum()) for key, part in pairs.group_by("nation", "group_id")}
    assert list(weights.values()) == pytest.approx([1.0] * 3)


def test_triples_without_question_or_reversal_are_no_pairs() -> None:
    rows = [triple(1, "uk", question=None), triple(2, "uk", reversed_statement=None), triple(3, "uk")]
    assert preference_pairs(frame(rows)).height == 1
