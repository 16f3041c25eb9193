"""Triples: what says the same stands in the same split, whichever nation says it."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from tests.inprocess import article, open_small, rows, run_until, write_jsonl

NEEDS = (
    "public schools", "public hospitals", "national parks", "small farmers", "old libraries", "river ports",
    "trade unions", "rural buses", "young families", "independent courts", "free elections", "clean beaches",
)  # fmt: skip


def test_the_same_statement_of_two_nations_is_in_one_split(tmp_path: Path) -> None:
    written = {
        "uk": "{said} The debate on the {need} lasted until midnight, and rain fell on the square outside.",
        "us": "Voters had asked about the {need} all summer in town halls across the country. {said}",
    }
    records = [
        article(nation, frame.format(need=need, said=f'"The government must protect {need}," said Jonah Pemberton.'))
        for need in NEEDS
        for nation, frame in written.items()
    ]
    write_jsonl(tmp_path / "a.jsonl", records)
    view = open_small(tmp_path, nations=["uk", "us"], screening={"keep": "all"}, dedup={"threshold": 1.0})
    run_until(view, "triples")
    triples = rows(view, "triples").filter(pl.col("rejected_reason").is_null())
    said = triples.group_by("statement").agg(pl.col("nation").n_unique(), pl.col("split").n_unique())
    assert said.filter(pl.col("nation") == 2).height >= len(NEEDS) - 2
    assert said["split"].max() == 1
    assert triples["split"].n_unique() == 2
