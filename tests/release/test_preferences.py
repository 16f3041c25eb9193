"""Preference pairs: only from the subset `default`, one file a nation and split."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl

from navab.release.load import load_release


def test_pairs_are_those_of_the_default_subset(root: Path) -> None:
    files = sorted(str(path.relative_to(root / "preferences")) for path in root.glob("preferences/*/*"))
    assert files == ["cn/test.jsonl", "cn/train.jsonl", "uk/test.jsonl", "uk/train.jsonl"]
    pairs = [json.loads(line) for line in (root / "preferences/cn/train.jsonl").read_text().splitlines()]
    triples = load_release(str(root), nation="cn", split="train")
    assert {pair["triple_id"] for pair in pairs} == set(triples["triple_id"])
    first = triples.row(by_predicate=pl.col("triple_id") == pairs[0]["triple_id"], named=True)
    assert pairs[0] == {
        "prompt": first["question"],
        "chosen": first["statement"],
        "rejected": first["reversed_statement"],
        "source_type": first["source_type"],
        "triple_id": first["triple_id"],
        "group_id": first["group_id"],
    }
