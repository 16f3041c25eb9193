"""Assign articles to topics by vector: the nearest cluster, a topic of tags, the nearest of all, or none."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from navab.lake.arrays import to_matrix
from navab.models.embedder import Vectors
from navab.topics.cosines import cosines_of, rounded

# What assignment reads of a topic.
COLUMNS = ("topic_id", "kind", "centroid", "min_similarity", "floor_similarity", "members")
CLUSTER, TAG = "cluster", "tag"
_BLOCK = 4096


def assign(ids: pl.Series, vectors: Vectors, topics: pl.DataFrame) -> pl.DataFrame:
    """Topic of each article: topic_id, probability (cosine) and assigned_by, in the order of `ids`.

    Members of a topic stay in it. Others go to the nearest cluster if they are within its limit, else to the nearest
    topic of tags within its limit, else to the nearest of all within its floor.
    """
    topics = topics.sort("topic_id")
    found = [_assign(vectors[start : start + _BLOCK], topics) for start in range(0, max(len(vectors), 1), _BLOCK)]
    place = pl.concat(found).with_columns(ids.alias("article_id"))
    rows = place.join(_members(topics), on="article_id", how="left", maintain_order="left")
    kinds = pl.Series("kind", [TAG if kind == TAG else "" for kind in topics["kind"]])
    chosen = pl.coalesce("own", "chosen")
    return rows.with_columns(_to_own(rows["own"], vectors, topics)).select(
        pl.when(chosen >= 0).then(pl.lit(topics["topic_id"]).gather(chosen.clip(0))).alias("topic_id"),
        pl.when(pl.col("own").is_not_null()).then("to_own").otherwise("cosine").alias("probability"),
        pl.when(chosen < 0)
        .then(pl.lit("none"))
        .when(pl.lit(kinds).gather(chosen.clip(0)) == TAG)
        .then(pl.lit("tag"))
        .when(pl.col("own").is_not_null())
        .then(pl.lit("cluster"))
        .otherwise(pl.lit("vector"))
        .alias("assigned_by"),
    )


def _members(topics: pl.DataFrame) -> pl.DataFrame:
    """The topic of each member, by position: article_id, own."""
    place = topics.select(pl.col("members").alias("article_id"), pl.int_range(pl.len()).alias("own"))
    return place.explode("article_id", empty_as_null=False)


def _to_own(own: pl.Series, vectors: Vectors, topics: pl.DataFrame) -> pl.Series:
    """Each member's cosine to its own topic: to_own, null for others."""
    is_member = own.is_not_null().to_numpy()
    places = own.drop_nulls().to_numpy()
    products = np.full(len(own), np.nan)
    products[is_member] = np.einsum(
        "ij,ij->i", vectors[is_member], to_matrix(topics["centroid"])[places], dtype=np.float64
    )
    return pl.Series("to_own", rounded(products)).fill_nan(None)


def _assign(vectors: Vectors, topics: pl.DataFrame) -> pl.DataFrame:
    """By vector alone: chosen (position of a topic, -1 for none) and cosine to it (to the nearest for none)."""
    cosines = cosines_of(vectors, to_matrix(topics["centroid"]))
    limits = topics["min_similarity"].to_numpy()
    floors = topics["floor_similarity"].fill_null(strategy="zero").to_numpy()
    floors = np.where(topics["floor_similarity"].is_null().to_numpy(), limits, floors)
    tagged = (topics["kind"] == TAG).fill_null(value=False).to_numpy()
    cluster, fits_cluster = _nearest(cosines, limits, ~tagged)
    tag, fits_tag = _nearest(cosines, limits, tagged)
    last, fits_last = _nearest(cosines, floors, np.ones_like(tagged))
    chosen = np.where(fits_cluster, cluster, np.where(fits_tag, tag, np.where(fits_last, last, -1)))
    shown = np.where(chosen < 0, last, chosen)
    return pl.DataFrame({"chosen": chosen, "cosine": cosines[np.arange(len(cosines)), shown]})


def _nearest(
    cosines: npt.NDArray[np.float32], limits: npt.NDArray[np.float32], among: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """The nearest of some topics, and whether it is near enough."""
    if not among.any():
        return np.zeros(len(cosines), dtype=np.int64), np.zeros(len(cosines), dtype=bool)
    own = np.flatnonzero(among)
    best = own[cosines[:, own].argmax(axis=1)]
    return best, cosines[np.arange(len(cosines)), best] >= limits[best]
