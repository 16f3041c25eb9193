"""Artefacts: what tells chosen from rejected without any value being read.

A model may learn "what is not negated is right", "the longer text is right" or the style of whoever wrote reversals
instead of values. Each figure is the share of pairs on which a reader of that cue alone picks the chosen text; 0.5 is
chance.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from navab.evaluation.bag_of_words import bag_of_words
from navab.evaluation.statistics import Interval, interval
from navab.evaluation.triples import Triple

ALL = "all"


@dataclass(frozen=True, slots=True)
class Artefacts:
    """How far cues alone go on the pairs of one nation, or of `ALL`.

    `words` is a linear classifier over word counts, cross-validated over leakage groups (NaN with too few groups);
    `polarity` takes the text without a negation, `length` the longer one; ties count one half.
    """

    nation: str
    pairs: int
    groups: int
    words: Interval
    polarity: float
    length: float


def measure(shaped: pl.DataFrame, *, most: int = 5000) -> list[Artefacts]:
    """Artefacts of every nation and of all of them; the words of at most `most` pairs a nation are read."""
    words = pl.concat([_credits(part.head(most)) for part in shaped.partition_by("nation")]) if shaped.height else None
    return [] if words is None else list(_measured(shaped, words))


def _measured(shaped: pl.DataFrame, words: pl.DataFrame) -> Iterator[Artefacts]:
    for nation in (*sorted(shaped["nation"].unique()), ALL):
        own = pl.lit(True) if nation == ALL else pl.col("nation") == nation
        pairs, read = shaped.filter(own), words.filter(own)
        yield Artefacts(
            nation,
            pairs.height,
            pairs["group_id"].n_unique(),
            interval(read["credit"].to_numpy(), read["group_id"].to_numpy()),
            _share(-pairs["polarity"]),
            _share(pairs["length"]),
        )


def _credits(pairs: pl.DataFrame) -> pl.DataFrame:
    """What a classifier of words gets right on the pairs of one nation; no rows if it has too few groups to learn."""
    triples = [_triple(row) for row in pairs.iter_rows(named=True)]
    credit = {"S": 1.0, "tie": 0.5, "RS": 0.0}
    found = [(one.triple_id, credit[one.outcome]) for one in bag_of_words(triples)]
    picked = pl.DataFrame(found, schema={"triple_id": pl.Int64, "credit": pl.Float64}, orient="row")
    return pairs.select("triple_id", "nation", "group_id").join(picked, on="triple_id")


def _triple(row: dict[str, object]) -> Triple:
    return Triple(
        triple_id=int(str(row["triple_id"])),
        nation=str(row["nation"]),
        language=str(row["language"]),
        source_type=str(row["source_type"]),
        group_id=int(str(row["group_id"])),
        question=str(row["prompt"]),
        statement=str(row["chosen"]),
        reversed_statement=str(row["rejected"]),
    )


def _share(signs: pl.Series) -> float:
    """Share of pairs in which a cue speaks for the chosen text: 1, 0 (a tie) or -1."""
    return float(((signs.cast(pl.Float64).mean() or 0.0) + 1) / 2)  # type: ignore[operator]
