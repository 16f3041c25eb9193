"""Live rows that several stages build upon, by the names they have in the design."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from navab.lake.hashing import combine
from navab.view import View


def canonical_articles(view: View, *columns: str) -> pl.DataFrame:
    """Live articles that are not duplicates: record_id, article_id, nation, content_hash and the columns asked for."""
    return _articles_among(view, _unique(view), columns)


def kept_articles(view: View, *columns: str) -> pl.DataFrame:
    """Canonical articles that screening keeps."""
    screened = view.live("screening", "sensitive")
    if view.configuration.screening.keep == "sensitive":
        screened = screened.filter("sensitive")
    return _articles_among(view, screened.join(_unique(view), on="article_id", how="semi"), columns)


def _unique(view: View) -> pl.DataFrame:
    return view.live("duplicates", "kind").filter(pl.col("kind") == "unique")


def _articles_among(view: View, wanted: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    articles = view.live("articles", "article_id", "content_hash", *columns)
    return articles.join(wanted.select("article_id"), on="article_id", how="semi", maintain_order="left")


def extracted_statements(view: View) -> pl.DataFrame:
    """Statements in live extractions: statement_id, article_id, nation and the extraction's fingerprint."""
    rows = view.live("extractions", "statement_ids").select("article_id", "nation", "fingerprint", "statement_ids")
    return rows.explode("statement_ids", empty_as_null=False).rename({"statement_ids": "statement_id"})


def standing_statements(view: View, *columns: str) -> pl.DataFrame:
    """Live statements that are accepted and stand by themselves, merged into no other."""
    rows = view.live("statements", "article_id", "merged_into", *columns)
    return rows.filter(pl.col("merged_into").is_null())


def pair_fingerprints(pairs: pl.DataFrame, statements: pl.DataFrame, made_by: int = 0) -> pl.DataFrame:
    """Current fingerprints of pairs whose statements both stand: left_id, right_id, fingerprint.

    `pairs` has left_id and right_id; `statements` has statement_id and fingerprint; other pairs are left out.
    """
    prints = statements.select("statement_id", "fingerprint")
    both = (
        pairs.select("left_id", "right_id")
        .join(prints.rename({"statement_id": "left_id", "fingerprint": "left"}), on="left_id", how="inner")
        .join(prints.rename({"statement_id": "right_id", "fingerprint": "right"}), on="right_id", how="inner")
    )
    fingerprint = combine(made_by, both["left"], both["right"])
    return both.select("left_id", "right_id", pl.Series("fingerprint", fingerprint)).unique()


def latest_words(view: View) -> pl.DataFrame:
    """The latest word of a person on each topic, past ones included: topic_id, person (bool), note."""
    rows = view.rows("overrides", "topic_id", "sensitive", "note", "sequence")
    latest = rows.sort("sequence").unique("topic_id", keep="last", maintain_order=True)
    return latest.select("topic_id", pl.col("sensitive").alias("person"), "note")


def words_on_topics(view: View) -> pl.DataFrame:
    """What a person's word says of each current topic: topic_id, person, note; null where nobody spoke.

    The word on the topic itself counts, else that which it took over from the topic that most of its articles came
    from, when it was fitted. What is said of that one later is not said of it.
    """
    topics = view.current("topics", "sensitive", "decided_by")
    taken = pl.when(pl.col("decided_by") == "person").then("sensitive")
    both = topics.join(latest_words(view), on="topic_id", how="left", maintain_order="left")
    return both.select("topic_id", pl.coalesce("person", taken).alias("person"), "note")


def words_in_force(view: View) -> dict[int, bool]:
    """A person's words on topics, those of the last fit that took one over and past ones included."""
    fitted = view.rows("topics", "sensitive", "decided_by").filter(pl.col("decided_by") == "person")
    said = latest_words(view).select("topic_id", "person")
    return dict(fitted.select("topic_id", "sensitive").iter_rows()) | dict(said.iter_rows())


def decided_topics(view: View, *columns: str) -> pl.DataFrame:
    """Current topics, `sensitive` as the configured threshold has it where no person decided."""
    topics = view.current("topics", *dict.fromkeys(["sensitive", "sensitivity", "decided_by", *columns]))
    passed = pl.col("sensitivity") >= view.configuration.screening.threshold
    return topics.with_columns(
        pl.when(pl.col("decided_by") == "person").then("sensitive").otherwise(passed).alias("sensitive")
    )
