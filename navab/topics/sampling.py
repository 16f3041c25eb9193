"""A sample that keeps the shares of its strata and does not depend on the order of rows."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl


def stratified(rows: pl.DataFrame, strata: Sequence[str], size: int) -> pl.DataFrame:
    """At most `size` rows, every stratum by its share (largest remainders), in each the least article_ids.

    Ids are hashes, so the least ones are a fair draw. The result is sorted by article_id.
    """
    if rows.height <= size:
        return rows.sort("article_id")
    counts = rows.group_by(strata).len("rows").sort(strata, nulls_last=True)
    share = pl.col("rows") * size / rows.height
    quotas = counts.with_columns(share.floor().cast(pl.Int64).alias("quota"), (share - share.floor()).alias("rest"))
    left = size - int(quotas["quota"].sum())
    order = pl.col("rest").rank("ordinal", descending=True)
    quotas = quotas.with_columns(pl.col("quota") + (order <= left).cast(pl.Int64))
    place = pl.col("article_id").rank("ordinal").over(strata)
    ranked = rows.with_columns(place.alias("place")).join(quotas, on=list(strata), nulls_equal=True)
    return ranked.filter(pl.col("place") <= pl.col("quota")).select(rows.columns).sort("article_id")
