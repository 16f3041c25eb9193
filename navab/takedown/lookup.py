"""Lookup: the rows of `articles` that tombstones keep out, file by file, and the articles that resemble them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from navab.lake.schema import load_schema
from navab.lake.snapshot import FILE
from navab.takedown.tombstones import FORGOTTEN, Tombstones
from navab.view import View

_KEY = ("record_id", "fingerprint")
_LIGHT = (*_KEY, "article_id", "content_hash", "url", "rejected_reason")
_FOUND = (*_KEY, "nation", "article_id", "content_hash", "url", "title", "text", "path", "record_no", "crawl")


def matching_rows(tombstones: Tombstones, view: View) -> pl.DataFrame:
    """Rows of `articles`, current or not, that are to be forgotten and still hold something; with `_file`.

    One file is read at a time. Texts are read of rows that match, and of those that never got a signature: equal texts
    of the others are found by their signatures.
    """
    found = []
    signatures = view.rows("signatures", "exact_hash").select("article_id", "exact_hash")
    copies = signatures.filter(pl.col("exact_hash").is_in(list(tombstones.text_hashes)))["article_id"]
    known = replace(tombstones, article_ids=tombstones.article_ids | frozenset(copies))
    for index in range(view.snapshot("articles").files.height if tombstones else 0):
        keys = _matching_keys(known, index, signatures, view)
        if keys.height:
            found.append(_read(view, index, _FOUND).join(keys, on=_KEY, how="semi", maintain_order="left"))
    return pl.concat(found) if found else _nothing()


def near_duplicates(rows: pl.DataFrame, view: View) -> pl.DataFrame:
    """Articles in the same groups of duplicates as the given ones, without these: article_id, kind, similarity."""
    groups = view.rows("duplicates", "canonical_id", "kind", "similarity")
    own = rows["article_id"].unique()
    originals = pl.concat([own, groups.filter(pl.col("article_id").is_in(own.implode()))["canonical_id"]]).implode()
    together = pl.col("canonical_id").is_in(originals) | pl.col("article_id").is_in(originals)
    near = groups.filter(together & ~pl.col("article_id").is_in(own.implode()))
    return near.unique("article_id", keep="last").select("article_id", "kind", "similarity").sort("article_id")


def _matching_keys(known: Tombstones, index: int, signatures: pl.DataFrame, view: View) -> pl.DataFrame:
    rows = _read(view, index, _LIGHT).filter(
        pl.col("article_id").is_not_null() & pl.col("rejected_reason").ne_missing(FORGOTTEN)
    )
    by_hash = pl.col("article_id").is_in(list(known.article_ids)) | pl.col("content_hash").is_in(
        list(known.content_hashes)
    )
    by_address = pl.Series([known.keep_out_url(url) for url in rows["url"]], dtype=pl.Boolean)
    hit = rows.select(by_hash.fill_null(False) | by_address).to_series()
    unsigned = rows.filter(~hit).join(signatures, on="article_id", how="anti").select(_KEY)
    keys = rows.filter(hit).select(_KEY)
    if unsigned.is_empty() or not known.text_hashes:
        return keys
    texts = _read(view, index, (*_KEY, "text")).join(unsigned, on=_KEY, how="semi")
    same = pl.Series([known.keep_out_text(text) for text in texts["text"]], dtype=pl.Boolean)
    return pl.concat([keys, texts.filter(same).select(_KEY)])


def _read(view: View, index: int, columns: Sequence[str]) -> pl.DataFrame:
    snapshot = view.snapshot("articles")
    return snapshot.read_files([snapshot.files["path"][index]], columns)


def _nothing() -> pl.DataFrame:
    schema = load_schema("articles").arrow
    empty = schema.empty_table().select(list(_FOUND))
    frame = pl.DataFrame(empty)
    return frame.with_columns(pl.lit(None, pl.UInt32).alias(FILE))
