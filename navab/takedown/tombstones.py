"""Tombstones: what was taken down, as hashes, so that the lake and every later crawl leave it out.

A tombstone names an article by its id, its address, its title and text, or its text under any title. Only hashes are
kept: the table `takedowns` holds nothing of what it keeps out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from navab.lake.hashing import text_hash
from navab.text.address import normalise_url
from navab.text.normalise import fold_text
from navab.view import View

FORGOTTEN = "forgotten"
# Shorter texts ("Watch the video.") are the body of many articles: only together with their title do they count.
MIN_TEXT_CHARS = 40
# All that is left of the row of a forgotten article.
KEPT_COLUMNS = ("record_id", "nation", "fingerprint", "path", "record_no", "article_id", "crawl")


@dataclass(frozen=True)
class Tombstones:
    """Hashes of everything that is kept out; empty tombstones keep out nothing."""

    article_ids: frozenset[int] = frozenset()
    url_hashes: frozenset[int] = frozenset()
    content_hashes: frozenset[int] = frozenset()
    text_hashes: frozenset[int] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.article_ids or self.url_hashes or self.content_hashes or self.text_hashes)

    def keep_out(self, row: Mapping[str, Any]) -> bool:
        """Whether a readable row of `articles` must be forgotten."""
        return bool(self) and (
            row["article_id"] in self.article_ids
            or row["content_hash"] in self.content_hashes
            or self.keep_out_url(row["url"])
            or self.keep_out_text(row["text"])
        )

    def keep_out_url(self, url: str | None) -> bool:
        return bool(url and self.url_hashes) and url_hash(url) in self.url_hashes

    def keep_out_text(self, text: str | None) -> bool:
        return bool(text and self.text_hashes) and folded_hash(text) in self.text_hashes


NO_TOMBSTONES = Tombstones()


def url_hash(url: str | None) -> int | None:
    """Hash of the normalised address."""
    return text_hash(normalise_url(url)) if url else None


def folded_hash(text: str | None) -> int | None:
    """Hash of the folded text, as in `signatures.exact_hash`; None if the text is too short to tell articles apart."""
    folded = fold_text(text) if text else ""
    return text_hash(folded) if len(folded) >= MIN_TEXT_CHARS else None


def redact(row: Mapping[str, Any]) -> dict[str, Any]:
    """What stays of a forgotten article's row: where the record lies, and why it is refused."""
    return {name: row[name] for name in KEPT_COLUMNS} | {"rejected_reason": FORGOTTEN}


def redact_rows(rows: pl.DataFrame, forgotten: pl.DataFrame) -> pl.DataFrame:
    """Rows of `articles` with those redacted that have the record_id and fingerprint of forgotten ones."""
    marks = forgotten.select("record_id", "fingerprint", pl.lit(True).alias("_forgotten"))
    marked = rows.join(marks, on=["record_id", "fingerprint"], how="left", maintain_order="left")
    gone = pl.col("_forgotten").fill_null(False)
    left = {"rejected_reason": pl.lit(FORGOTTEN)}
    emptied = [
        pl.when(gone).then(left.get(name, pl.lit(None))).otherwise(pl.col(name)).alias(name)
        for name in rows.columns
        if name not in KEPT_COLUMNS
    ]
    return marked.with_columns(emptied).select(rows.columns)


def read_tombstones(view: View) -> Tombstones:
    """All tombstones of a lake."""
    columns = ("article_id", "url_hash", "content_hash", "text_hash")
    rows = view.rows("takedowns", *columns)
    return Tombstones(*(frozenset(rows[name].drop_nulls().to_list()) for name in columns))


def forgotten_articles(view: View) -> frozenset[int]:
    """Ids of all articles that are forgotten or to be forgotten, exact copies included."""
    rows = view.rows("articles", "article_id", "rejected_reason").filter(pl.col("rejected_reason") == FORGOTTEN)
    return read_tombstones(view).article_ids | frozenset(rows["article_id"].drop_nulls().to_list())
