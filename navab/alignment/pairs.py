"""Pairs to learn from: which of a release's preference pairs, in which order, with which labels and prompts.

Frames hold the columns of `navab.release.preferences.preference_pairs`. Whatever is chosen by chance is chosen by a
hash of a pair's id and the seed: it depends neither on the order of rows nor on which other pairs there are.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import polars as pl

from navab.evaluation.triples import address
from navab.lake.hashing import combine, signature
from navab.nations.registry import Registry

_STRATUM = ("nation", "polarity", "length")


def negations(registry: Registry, pairs: pl.DataFrame) -> pl.DataFrame:
    """Which texts hold a negation: triple_id, chosen_negated and rejected_negated."""
    rows = pairs.select("nation", "language", "chosen", "rejected").rows()
    sides = [[registry.negates(row[0], row[1], row[at]) for row in rows] for at in (2, 3)]
    columns = {"triple_id": pairs["triple_id"], "chosen_negated": sides[0], "rejected_negated": sides[1]}
    return pl.DataFrame(columns, schema_overrides={"chosen_negated": pl.Boolean, "rejected_negated": pl.Boolean})


def with_shape(pairs: pl.DataFrame, negated: pl.DataFrame) -> pl.DataFrame:
    """Pairs with `polarity` and `length`, by which chosen and rejected can be told apart without reading them.

    `negated` is what `negations` makes of them. Each is 1 where the chosen text has
    more of it (is negated alone, is longer), -1 where the rejected one has, 0 where they are equal.
    """
    letters = pl.col("chosen").str.len_chars().cast(pl.Int64) - pl.col("rejected").str.len_chars().cast(pl.Int64)
    polarity = pl.col("chosen_negated").cast(pl.Int8) - pl.col("rejected_negated").cast(pl.Int8)
    return (
        pairs.join(negated, on="triple_id", how="left", maintain_order="left")
        .with_columns(polarity.alias("polarity"), letters.sign().cast(pl.Int8).alias("length"))
        .drop("chosen_negated", "rejected_negated")
    )


def balanced(shaped: pl.DataFrame, seed: int) -> pl.DataFrame:
    """The most pairs among which neither polarity nor length tells chosen from rejected, nation by nation.

    A pair whose chosen text is negated and longer is offset by one whose rejected text is: of the two kinds the more
    frequent one is cut down to the other, at random. Rows keep their order.
    """
    mirror = [(-pl.col(name)).alias(name) for name in _STRATUM[1:]]
    sizes = shaped.group_by(_STRATUM).len("_size")
    mirrored = sizes.with_columns(*mirror).rename({"_size": "_opposite"})
    kept = sizes.join(mirrored, on=_STRATUM, how="left").select(
        *_STRATUM, pl.min_horizontal("_size", pl.col("_opposite").fill_null(0)).alias("_kept")
    )
    numbered = shaped.with_columns(pl.Series("_chance", _chances(shaped, seed, "balance"))).join(
        kept, on=_STRATUM, how="left", maintain_order="left"
    )
    rank = pl.col("_chance").rank("ordinal").over(*_STRATUM)
    return numbered.filter(rank <= pl.col("_kept")).drop("_chance", "_kept")


def drawn(pairs: pl.DataFrame, most: int | None, seed: int, *, mirrored: bool = False) -> pl.DataFrame:
    """At most `most` pairs, without replacement and by their weight, in the order in which they are learned.

    Efraimidis and Spirakis (2006): the largest u ** (1 / weight), with u uniform. Balanced pairs are drawn `mirrored`:
    the n-th of a shape is followed by the n-th of the opposite shape, so that the first of them are balanced as well.
    """
    keys = np.log(_chances(pairs, seed, "draw")) / pairs["weight"].to_numpy()
    ordered = pairs.with_columns(pl.Series("_key", keys)).sort("_key", "triple_id", descending=[True, False])
    if mirrored:
        ordered = _coupled(ordered)
    return (ordered if most is None else ordered.head(most)).drop("_key")


def _coupled(ordered: pl.DataFrame) -> pl.DataFrame:
    """Pairs with those of the opposite shape behind them, each couple where its first one was drawn."""
    shape = 3 * pl.col("polarity").cast(pl.Int64) + pl.col("length").cast(pl.Int64)
    couple = ("nation", "_mirror", "_rank")
    return (
        ordered.with_columns(shape.alias("_shape"), shape.abs().alias("_mirror"))
        .with_columns(pl.int_range(pl.len()).over("nation", "_shape").alias("_rank"))
        .with_columns(pl.col("_key").sort_by("_shape").last().over(couple).alias("_place"))
        .sort("_place", *couple, "_shape", descending=[True, False, False, False, True])
        .drop("_shape", "_mirror", "_rank", "_place")
    )


def flipped(pairs: pl.DataFrame, seed: int) -> pl.DataFrame:
    """The control: in every pair chosen and rejected change places with a chance of one half."""
    swap = pl.Series("_swap", _chances(pairs, seed, "flip") < 0.5)
    chosen, rejected = pl.col("chosen"), pl.col("rejected")
    return (
        pairs.with_columns(swap)
        .with_columns(
            pl.when("_swap").then(rejected).otherwise(chosen).alias("chosen"),
            pl.when("_swap").then(chosen).otherwise(rejected).alias("rejected"),
        )
        .drop("_swap")
    )


def addressed(pairs: pl.DataFrame, names: Mapping[str, str]) -> pl.DataFrame:
    """Pairs whose prompts say which nation is asked; `names` by code."""
    prompts = [address(names[nation], prompt) for nation, prompt in pairs.select("nation", "prompt").rows()]
    return pairs.with_columns(pl.Series("prompt", prompts, pl.String))


def _chances(pairs: pl.DataFrame, seed: int, purpose: str) -> npt.NDArray[np.float64]:
    """A number in (0, 1) for every pair."""
    hashes = combine(pairs["triple_id"], signature("alignment", 1, purpose=purpose, seed=seed))
    return ((hashes.view(np.uint64) >> np.uint64(11)).astype(np.float64) + 0.5) / 2.0**53
