"""Duplicates: point every article at its canonical article.

Reads live `articles`; writes a `signatures` row and a `duplicates` row per article. Exact duplicates have the same
folded text; near-duplicates share at least `dedup.threshold` of their character n-grams (MinHash LSH, Broder 1997).
Only articles of one nation are compared. Within a crawl the earliest publication is canonical, then the smallest id;
articles of later crawls join the canonicals that exist.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from navab.configuration import DedupSection
from navab.lake.arrays import to_matrix
from navab.lake.hashing import Int64Array, combine, signature, text_hash
from navab.lake.storage import Storage
from navab.stages.base import Equation, Output, Stage, Step, Unit, conform, equate, plan_rows, select, unit_name
from navab.text.minhash import candidate_pairs, minhash, similarity
from navab.text.normalise import fold_text
from navab.view import View

SIGNATURE_VERSION = 1
VERSION = 1


def expected_signatures(view: View) -> pl.DataFrame:
    made_by = signature("signatures", SIGNATURE_VERSION, ngram=view.configuration.dedup.ngram)
    articles = view.live("articles", "article_id", "content_hash")
    return articles.select("article_id", "nation", pl.Series("fingerprint", combine(made_by, articles["content_hash"])))


def expected_duplicates(view: View) -> pl.DataFrame:
    made_by = signature("duplicates", VERSION, threshold=view.configuration.dedup.threshold)
    rows = view.live("signatures")
    return rows.select("article_id", "nation", pl.Series("fingerprint", combine(made_by, rows["fingerprint"])))


def plan_signatures(view: View) -> list[Unit]:
    carry = view.live("articles", "article_id", "record_id").select("article_id", "record_id")
    columns = ("article_id", "text", "title", "published_at", "crawl")
    return plan_rows(view, "signatures", {"articles": ("record_id", columns)}, carry=carry)


def plan_duplicates(view: View) -> list[Unit]:
    """One unit for every nation with new articles: all its new signatures, and those of its canonicals."""
    pending = view.pending("duplicates")
    located = view.located("signatures")
    known = view.live("duplicates", "canonical_id", "kind").filter(pl.col("kind") == "unique")
    units = []
    for (nation,), rows in pending.sort("nation", "article_id").group_by("nation", maintain_order=True):
        canonicals = known.filter(pl.col("nation") == nation)["article_id"]
        ids = pl.concat([rows["article_id"], canonicals])
        reads = {"signatures": select(view, "signatures", located, ids, _SIGNATURE_COLUMNS)}
        facts = {"crawls": tuple(dict.fromkeys(source.crawl for source in view.configuration.sources))}
        units.append(Unit(unit_name("duplicates", rows, "article_id"), str(nation), rows, reads, facts))
    return units


_SIGNATURE_COLUMNS = ("article_id", "exact_hash", "minhash", "published_at", "crawl")


@dataclass(frozen=True)
class MakeSignatures:
    """Hashes the texts of a unit."""

    options: DedupSection

    def __call__(self, unit: Unit, storage: Storage) -> Iterator[Output]:
        articles = unit.reads["articles"].read(storage)
        rows = unit.pending.join(articles.drop("nation", "fingerprint", strict=False), on="article_id", how="inner")
        folded = [fold_text(text) for text in rows["text"]]
        table = rows.with_columns(
            pl.Series("exact_hash", [text_hash(text) for text in folded], dtype=pl.Int64),
            pl.Series(
                "minhash", [minhash(text, self.options.ngram).tolist() for text in folded], dtype=pl.List(pl.Int64)
            ),
        )
        yield Output("signatures", conform(table, "signatures"))


@dataclass(frozen=True)
class FindDuplicates:
    """Groups the new articles of a nation, crawl by crawl, with each other and with its canonicals."""

    options: DedupSection

    def __call__(self, unit: Unit, storage: Storage) -> Iterator[Output]:
        signatures = unit.reads["signatures"].read(storage)
        new = signatures.join(unit.pending.select("article_id"), on="article_id", how="semi")
        canonicals = signatures.join(unit.pending.select("article_id"), on="article_id", how="anti")
        found = []
        for crawl in _crawl_order(new, unit.facts["crawls"]):
            decided = group_articles(new.filter(pl.col("crawl") == crawl), canonicals, self.options.threshold)
            found.append(decided)
            unique = decided.filter(pl.col("kind") == "unique")
            canonicals = pl.concat([canonicals, new.join(unique.select("article_id"), on="article_id", how="semi")])
        rows = unit.pending.join(pl.concat(found), on="article_id", how="inner").sort("article_id")
        yield Output("duplicates", conform(rows, "duplicates"))


def group_articles(new: pl.DataFrame, canonicals: pl.DataFrame, threshold: float) -> pl.DataFrame:
    """Decide for each new article of one crawl whether it is unique, and if not, which article it repeats.

    Both frames have article_id, exact_hash, minhash, published_at. Groups are transitive; in a group with earlier
    canonicals the earliest of them stays canonical, else the earliest publication, then the smallest id.
    Returns article_id, canonical_id, kind and similarity.
    """
    columns = ["article_id", "exact_hash", "minhash", "published_at"]
    rows = pl.concat([canonicals.select(columns), new.select(columns)]).with_columns(
        pl.Series("known", np.arange(canonicals.height + new.height) < canonicals.height)
    )
    rows = rows.sort("article_id")  # which row stands for its band depends on the order
    hashes = to_matrix(rows["minhash"])
    grouped = rows.with_columns(pl.Series("group", _components(rows["exact_hash"], hashes, threshold)))
    ordered = grouped.with_row_index("row").sort(
        pl.col("known").not_(), pl.col("published_at"), "article_id", nulls_last=True
    )
    first = ordered.group_by("group").agg(pl.first("article_id").alias("canonical_id"), pl.first("row").alias("first"))
    joined = ordered.filter(~pl.col("known")).join(first, on="group", how="left")
    agreement = similarity(hashes[joined["row"].to_numpy()], hashes[joined["first"].to_numpy()])
    exact = rows["exact_hash"].gather(joined["row"]) == rows["exact_hash"].gather(joined["first"])
    return joined.with_columns(pl.Series("similarity", agreement), pl.Series("exact", exact)).select(
        "article_id",
        "canonical_id",
        pl.when(pl.col("article_id") == pl.col("canonical_id"))
        .then(pl.lit("unique"))
        .when(pl.col("exact"))
        .then(pl.lit("exact"))
        .otherwise(pl.lit("near"))
        .alias("kind"),
        "similarity",
    )


def _components(exact: pl.Series, hashes: Int64Array, threshold: float) -> Int64Array:
    size = len(exact)
    pairs = candidate_pairs(hashes)
    near = pairs[similarity(hashes[pairs[:, 0]], hashes[pairs[:, 1]]) >= threshold] if len(pairs) else pairs
    frame = pl.DataFrame({"exact": exact, "row": np.arange(size)})
    same = frame.with_columns(first=pl.col("row").min().over("exact")).select("first", "row").to_numpy()
    edges = np.concatenate([near, same]) if size else np.empty((0, 2), dtype=np.int64)
    graph = coo_matrix((np.ones(len(edges), dtype=np.int8), (edges[:, 0], edges[:, 1])), shape=(size, size))
    labels: Int64Array = connected_components(graph, directed=False)[1]
    return labels


def _crawl_order(new: pl.DataFrame, configured: object) -> list[str]:
    present = set(new["crawl"])
    order = [crawl for crawl in configured if crawl in present] if isinstance(configured, tuple) else []
    return order + sorted(present - set(order))


def conservation(view: View) -> list[Equation]:
    """Articles in = unique + exact + near, in every nation."""
    name = "accepted articles = unique + duplicate articles"
    return equate(name, view, view.live("articles"), view.live("duplicates"))


STAGE = Stage(
    name="duplicates",
    steps=(
        Step(
            name="signatures",
            writes=("signatures",),
            expected={"signatures": expected_signatures},
            plan=plan_signatures,
            work=lambda view: MakeSignatures(view.configuration.dedup),
        ),
        Step(
            name="duplicates",
            writes=("duplicates",),
            expected={"duplicates": expected_duplicates},
            plan=plan_duplicates,
            work=lambda view: FindDuplicates(view.configuration.dedup),
        ),
    ),
    conservation=conservation,
)
