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


def latest_words(view: View) -> pl.DataFrame:
    """The latest word of a person on each topic, past ones included: topic_id, person (bool), note."""
    rows = view.rows("overrides", "topic_id", "sensitive", "note", "sequence")
    latest = rows.sort("sequence").unique("topic_id", keep="last", maintain_order=True)
    return latest.select("topic_id", pl.col("sensitive").alias("person"), "note")


def words_on_topics(view: View) -> pl.DataFrame:
    """What a person's word says of each current topic: topic_id, person, note; null where nobody spoke.

    The word on the topic itself counts, else that on the topic that most of its articles came from.
    """
    topics = view.current("topics", "lineage").select(
        "topic_id", pl.concat_list("topic_id", pl.col("lineage").fill_null([])).alias("said_of")
    )
    said = topics.explode("said_of", empty_as_null=False).with_row_index("order")
    words = latest_words(view).rename({"topic_id": "said_of"})
    first = said.join(words, on="said_of").sort("order").unique("topic_id", keep="first", maintain_order=True)
    return topics.select("topic_id").join(first.select("topic_id", "person", "note"), on="topic_id", how="left")
