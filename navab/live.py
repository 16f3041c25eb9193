"""Live rows that several stages build upon, by the names they have in the design."""

from __future__ import annotations

import polars as pl

from navab.lake.hashing import combine
from navab.view import View


def canonical_articles(view: View, *columns: str) -> pl.DataFrame:
    """Live articles that are not duplicates: record_id, article_id, nation, content_hash and the columns asked for."""
    unique = view.live("duplicates", "kind").filter(pl.col("kind") == "unique")
    articles = view.live("articles", "article_id", "content_hash", *columns)
    return articles.join(unique.select("article_id"), on="article_id", how="semi", maintain_order="left")


def kept_articles(view: View, *columns: str) -> pl.DataFrame:
    """Canonical articles that screening keeps."""
    articles = canonical_articles(view, *columns)
    screened = view.live("screening", "sensitive")
    if view.configuration.screening.keep == "sensitive":
        screened = screened.filter("sensitive")
    return articles.join(screened.select("article_id"), on="article_id", how="semi", maintain_order="left")


def extracted_statements(view: View) -> pl.DataFrame:
    """Statements in live extractions: statement_id, article_id, nation and the extraction's fingerprint."""
    rows = view.live("extractions", "statement_ids").select("article_id", "nation", "fingerprint", "statement_ids")
    return rows.explode("statement_ids", empty_as_null=False).rename({"statement_ids": "statement_id"})


def standing_statements(view: View, *columns: str) -> pl.DataFrame:
    """Live statements that are accepted and stand by themselves, merged into no other."""
    rows = view.live("statements", "article_id", "merged_into", *columns)
    return rows.filter(pl.col("merged_into").is_null())


def pair_fingerprints(pairs: pl.DataFrame, statements: pl.DataFrame, judged_by: int) -> pl.DataFrame:
    """Current fingerprints of judged pairs whose statements both stand: left_id, right_id, fingerprint.

    `pairs` has left_id and right_id; `statements` has statement_id and fingerprint; other pairs are left out.
    """
    prints = statements.select("statement_id", "fingerprint")
    both = (
        pairs.select("left_id", "right_id")
        .join(prints.rename({"statement_id": "left_id", "fingerprint": "left"}), on="left_id", how="inner")
        .join(prints.rename({"statement_id": "right_id", "fingerprint": "right"}), on="right_id", how="inner")
    )
    fingerprint = combine(judged_by, both["left"], both["right"])
    return both.select("left_id", "right_id", pl.Series("fingerprint", fingerprint)).unique()
