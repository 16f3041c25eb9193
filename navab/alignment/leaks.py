"""The check of a split: nothing that hangs together may be in train and in test.

Reads pairs of a triple and a key that it hangs on (its article, the articles that report the same, its conflict, its
words), whatever made the groups: the check does not believe `group_id`. What a release itself shows may not be on both
sides. What only the lake's tables show may be, for splits are sticky: a later article may restate a statement of train
and one of test. Such triples of train are not learned.
"""

from __future__ import annotations

import polars as pl

from navab.errors import ConservationError
from navab.lake.joins import components


def release_keys(triples: pl.DataFrame) -> pl.DataFrame:
    """What a release alone says its triples hang on: triple_id, split, kind and key, one row each."""
    words = pl.col("statement").str.to_lowercase().str.replace_all(r"[^\w]+", " ").str.strip_chars()
    named = {
        "leakage group": pl.col("group_id"),
        "article": pl.col("article_id"),
        "statement": pl.col("statement_id"),
        "words": words.hash(),
    }
    return pl.concat(
        triples.select("triple_id", "split", pl.lit(kind).alias("kind"), key.cast(pl.String).alias("key"))
        for kind, key in named.items()
    )


def lake_keys(
    triples: pl.DataFrame, merged: pl.DataFrame, canonical: pl.DataFrame, related: pl.DataFrame
) -> pl.DataFrame:
    """What the lake's tables say besides: articles of restatements and of duplicates, and conflicts.

    `merged` has statement_id and the article_id of each restatement that was merged into it, `canonical` has
    article_id and canonical_id, `related` has left_id and right_id of statements that contradict or entail each other,
    released or not: those that are connected are one conflict.
    """
    own = triples.select("triple_id", "split", "statement_id", "article_id")
    restated = own.drop("article_id").join(merged, on="statement_id")
    stories = pl.concat([own, restated.select(own.columns)]).join(canonical, on="article_id", how="left")
    return pl.concat(
        [
            _rows(stories, "restatement or duplicate", pl.coalesce("canonical_id", "article_id")),
            _rows(own.join(_components(related), on="statement_id"), "conflict or entailment", pl.col("component")),
        ]
    )


def leaks(keys: pl.DataFrame) -> pl.DataFrame:
    """Keys that are on both sides: kind, key and a triple of either split; no rows if the split is clean."""
    sides = keys.group_by("kind", "key").agg(
        pl.col("triple_id").filter(pl.col("split") == side).first().alias(side) for side in ("train", "test")
    )
    return sides.drop_nulls().sort("kind", "key")


def leaking(keys: pl.DataFrame) -> pl.Series:
    """Triples of train that share a key with one of test, sorted."""
    test = keys.filter(pl.col("split") == "test").select("kind", "key")
    train = keys.filter(pl.col("split") == "train")
    return train.join(test, on=["kind", "key"], how="semi")["triple_id"].unique().sort()


def refuse_leaks(release: str, keys: pl.DataFrame) -> None:
    """Raise ConservationError if something is on both sides of a release's split."""
    found = leaks(keys)
    if found.height:
        kind, _, train, test = found.row(0)
        raise ConservationError(
            f"release {release}: train triple {train} and test triple {test} share a {kind} ({found.height:,} such "
            "cases): what is measured on test would have been learned; build the release again"
        )


def _components(related: pl.DataFrame) -> pl.DataFrame:
    """Statements and the number of the component of related ones that they belong to: statement_id, component."""
    if related.is_empty():
        return pl.DataFrame(schema={"statement_id": pl.Int64, "component": pl.Int32})
    ids = pl.concat([related["left_id"], related["right_id"]]).unique().sort()
    left, right = (ids.search_sorted(related[side]).to_numpy() for side in ("left_id", "right_id"))
    return pl.DataFrame({"statement_id": ids, "component": components(left, right, len(ids))})


def _rows(frame: pl.DataFrame, kind: str, key: pl.Expr) -> pl.DataFrame:
    return frame.select("triple_id", "split", pl.lit(kind).alias("kind"), key.cast(pl.String).alias("key"))
