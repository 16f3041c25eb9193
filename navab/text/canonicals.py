"""Decisions about articles: whether each new one is unique, an exact or a near-duplicate, and of which article.

Frames of articles become numbers for the grouping (grouping.py), and what it finds becomes rows.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import polars as pl

from navab.lake.hashing import Int64Array
from navab.lake.joins import Mask, keep
from navab.text.bands import shared_bands
from navab.text.grouping import KNOWN, Articles, find_canonicals
from navab.text.likeness import Likeness
from navab.text.minhash import Bins


def in_order_of_crawls(articles: pl.DataFrame, configured: object) -> pl.DataFrame:
    """Known articles, then crawl after crawl, each sorted by id; texts are numbered as they first come."""
    new = articles.filter(pl.col("canonical_id").is_null())
    numbers = {crawl: number for number, crawl in enumerate(_crawl_order(new, configured))}
    crawl = pl.col("crawl").replace_strict(numbers, default=KNOWN, return_dtype=pl.Int64)
    known = pl.col("canonical_id").is_not_null()
    ordered = articles.with_columns(
        crawl_number=pl.when(known).then(KNOWN).otherwise(crawl), led=pl.col("led").fill_null(value=False)
    ).sort("crawl_number", "article_id")
    texts = ordered.select(pl.col("exact_hash").unique(maintain_order=True)).with_row_index("text")
    return ordered.join(texts, on="exact_hash", how="left", maintain_order="left")


def group_articles(
    articles: pl.DataFrame,
    sketches: Bins,
    signatures_of: Callable[[Int64Array], Int64Array],
    threshold: float,
) -> pl.DataFrame:
    """Decide for each new article whether it is unique, and if not, which article it repeats.

    Articles come in the order of crawls; sketches are those of their texts, shape (n, 256); `signatures_of` some of
    these reads their signatures, shape (m, 256). Returns article_id, canonical_id, kind and similarity.
    """
    numbered = as_numbers(articles)
    known = np.zeros(len(sketches), dtype=np.bool_)
    known[numbered.texts[numbered.crawls == KNOWN]] = True
    bands = shared_bands(sketches, threshold, known)
    likeness = Likeness(sketches, threshold, signatures_of)
    text, new = numbered.texts, numbered.crawls != KNOWN

    def decide() -> tuple[Int64Array, Mask, npt.NDArray[np.float32]]:
        found = find_canonicals(numbered, bands, likeness.near)
        near = new & (text != text[found])
        shares = np.ones(len(found), dtype=np.float32)
        shares[near] = likeness.similarity(text[near], text[found[near]])
        return found, near, shares

    found, near, shares = likeness.settle(decide)
    unique = pl.col("article_id") == pl.col("canonical_id")
    kind = pl.when(unique).then(pl.lit("unique")).when("near").then(pl.lit("near")).otherwise(pl.lit("exact"))
    decided = articles.select(
        "article_id",
        canonical_id=articles["article_id"].gather(found),
        near=pl.Series(near),
        similarity=pl.Series(shares),
    )
    return keep(decided, new).select("article_id", "canonical_id", kind.alias("kind"), "similarity")


def as_numbers(articles: pl.DataFrame) -> Articles:
    """Articles as numbers: the earliest publication is preferred, then the smallest id.

    Raises ValueError if a known article comes without its canonical.
    """
    rows = articles.select("article_id", "published_at", "canonical_id").with_row_index("row")
    order = rows.sort("published_at", "article_id", nulls_last=True)["row"].to_numpy()
    ranks = np.empty(len(order), dtype=np.int64)
    ranks[order] = np.arange(len(order))
    canonicals = rows.select("canonical_id").join(
        rows.select("row", canonical_id="article_id"), on="canonical_id", how="left", maintain_order="left"
    )
    if canonicals["row"].null_count() > rows["canonical_id"].null_count():
        raise ValueError("the canonical of a known article is not among the articles")
    return Articles(
        articles["text"].cast(pl.Int64).to_numpy(),
        articles["crawl_number"].to_numpy(),
        ranks,
        canonicals["row"].cast(pl.Int64).fill_null(-1).to_numpy(),
        articles["led"].to_numpy(),
    )


def _crawl_order(new: pl.DataFrame, configured: object) -> list[str]:
    present = set(new["crawl"])
    order = [crawl for crawl in configured if crawl in present] if isinstance(configured, tuple) else []
    return order + sorted(present - set(order))
