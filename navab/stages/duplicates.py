"""Duplicates: point every article at its canonical article.

Reads live `articles`; writes a `signatures` row and a `duplicates` row per article. Exact duplicates have the same
folded text; near-duplicates share at least `dedup.threshold` of their character n-grams (MinHash LSH, Broder 1997).
Only articles of one nation are compared. Within a crawl the earliest publication is canonical, then the smallest id;
articles of later crawls are compared with the signatures of all earlier ones and join their canonicals. If a canonical
is no longer live (a takedown, a changed option), those that repeat it are decided anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from navab.lake.arrays import to_lists, to_matrix
from navab.lake.hashing import Int64Array, combine, signature, text_hash
from navab.lake.joins import Mask, components, keep, match
from navab.lake.snapshot import FILE
from navab.lake.storage import Storage
from navab.options.articles import DedupSection
from navab.stages.base import (
    Equation,
    Output,
    Stage,
    Step,
    Unit,
    conform,
    equate,
    plan_rows,
    select,
    signatures_by_nation,
    unit_name,
)
from navab.text.minhash import LENGTH, Bins, colliding, near_groups, sign, similarity, sketch
from navab.text.normalise import fold_text
from navab.view import View

SIGNATURE_VERSION = 3
VERSION = 2
# A unit reads whole files of articles: with few rows each, files would be read again and again.
_LEAST_UNIT_ROWS = 4096
_UNDATED = np.iinfo(np.int64).min  # in fingerprints, for no publication time
_BLOCK_ROWS = 65_536  # of signatures that pass by; so many, 128 MB, are kept and not read again


def expected_signatures(view: View) -> pl.DataFrame:
    """Nation and publication stand in the row and may change while the text stays: a registry decides them too."""
    articles = view.live_columns("articles", "article_id", "nation", "content_hash", "published_at")
    ngram = view.configuration.dedup.ngram
    made_by = signatures_by_nation(
        articles["nation"], view, lambda code: signature("signatures", SIGNATURE_VERSION, nation=code, ngram=ngram)
    )
    published = articles["published_at"].to_physical().fill_null(_UNDATED)
    prints = combine(made_by, articles["content_hash"], published)
    return articles.select("article_id", "nation", pl.Series("fingerprint", prints))


def expected_duplicates(view: View) -> pl.DataFrame:
    """Decisions at their first fingerprints, but for articles whose canonical has gone: those are decided anew."""
    first = _first_decisions(view)
    decided = view.rows("duplicates", "canonical_id", "kind").drop("nation", FILE)
    current = match(decided, first, ["article_id", "fingerprint"])[0]
    standing = _standing(decided, first)
    if (current & standing).all():
        return first
    known = first.select("article_id", first="fingerprint").join(keep(decided, ~(current & standing)), on="article_id")
    again = known.with_columns(again=pl.Series(combine(known["first"], known["canonical_id"])))
    anew = again.filter(pl.col("again") == pl.col("fingerprint"))
    stands = _standing(anew, first)
    lost = again.filter(pl.col("first") == pl.col("fingerprint"))
    settled = keep(decided, current & standing)
    changed = (
        pl.concat([keep(anew, stands).sort("canonical_id"), lost])
        .unique("article_id", keep="first", maintain_order=True)
        .join(settled, on="article_id", how="anti")
        .select("article_id", "again")
    )
    merged = first.join(changed, on="article_id", how="left", maintain_order="left")
    return merged.select("article_id", "nation", pl.coalesce("again", "fingerprint").alias("fingerprint"))


def _first_decisions(view: View) -> pl.DataFrame:
    """Fingerprints of decisions that are made for the first time; of one made anew its result is a part as well."""
    made_by = signature("duplicates", VERSION, threshold=view.configuration.dedup.threshold)
    rows = view.live("signatures")
    return rows.select("article_id", "nation", pl.Series("fingerprint", combine(made_by, rows["fingerprint"])))


def _standing(decided: pl.DataFrame, articles: pl.DataFrame) -> Mask:
    """Which decisions name a canonical that is among the articles; an article that is its own needs no look."""
    repeats = (decided["kind"] != "unique").to_numpy()
    targets = keep(decided, repeats).select(pl.col("canonical_id").alias("article_id"))
    standing = ~repeats
    standing[repeats] = match(targets, articles, ["article_id"])[0]
    return standing


def plan_signatures(view: View) -> list[Unit]:
    columns = ("article_id", "text", "title", "published_at", "crawl")
    size = max(view.configuration.resources.unit_rows, _LEAST_UNIT_ROWS)
    return plan_rows(view, "signatures", {"articles": ("record_id", columns)}, carry=_records, unit_rows=size)


def _records(view: View) -> pl.DataFrame:
    return view.live_columns("articles", "article_id", "record_id")


def plan_duplicates(view: View) -> list[Unit]:
    """One unit for every nation with new articles: all its signatures, and what earlier ones were found to repeat."""
    first = _first_decisions(view).select("article_id", first="fingerprint")
    pending = view.pending("duplicates").join(first, on="article_id", how="left")
    signatures, duplicates = view.located("signatures"), view.located("duplicates")
    known = view.live("duplicates")
    units = []
    for (nation,), rows in pending.sort("nation", "article_id").group_by("nation", maintain_order=True):
        earlier = known.filter(pl.col("nation") == nation)["article_id"]
        ids = pl.concat([rows["article_id"], earlier])
        reads = {"signatures": select(view, "signatures", signatures, ids, _SIGNATURE_COLUMNS)}
        if len(earlier):
            reads["duplicates"] = select(view, "duplicates", duplicates, earlier, ("article_id", "canonical_id"))
        facts = {"crawls": tuple(dict.fromkeys(source.crawl for source in view.configuration.sources))}
        units.append(Unit(unit_name("duplicates", rows, "article_id"), str(nation), rows, reads, facts))
    return units


_SIGNATURE_COLUMNS = ("article_id", "exact_hash", "minhash", "published_at", "crawl")
_GROUPED_COLUMNS = ("article_id", "exact_hash", "place", "published_at")


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
            to_lists("minhash", sign(folded, self.options.ngram)),
        )
        yield Output("signatures", conform(table, "signatures"))


@dataclass(frozen=True)
class FindDuplicates:
    """Groups the new articles of a nation, crawl by crawl, with each other and with all earlier ones."""

    options: DedupSection

    def __call__(self, unit: Unit, storage: Storage) -> Iterator[Output]:
        articles, hashes = self._read(unit, storage)
        new = articles.filter(~pl.col("known")).drop("known", "canonical_id")
        known = articles.filter("known").select(*_GROUPED_COLUMNS, "canonical_id")
        found = []
        for crawl in _crawl_order(new, unit.facts["crawls"]):
            crawled = new.filter(pl.col("crawl") == crawl).select(_GROUPED_COLUMNS)
            decided = group_articles(crawled, known, hashes, self.options.threshold)
            found.append(decided)
            canonicals = decided.select("article_id", "canonical_id")
            known = pl.concat([known, crawled.join(canonicals, on="article_id")])
        rows = unit.pending.join(pl.concat(found), on="article_id", how="inner").sort("article_id")
        anew = pl.Series(combine(rows["first"], rows["canonical_id"]))
        made = pl.when(pl.col("fingerprint") == pl.col("first")).then("fingerprint").otherwise(anew)
        yield Output("duplicates", conform(rows.with_columns(made.alias("fingerprint")), "duplicates"))

    def _read(self, unit: Unit, storage: Storage) -> tuple[pl.DataFrame, Int64Array]:
        """All articles of the nation without their signatures, and those signatures, 2 kB each, that are compared.

        `place` is the signature of an article's text among these, null if it is compared with none.
        """
        selection = unit.reads["signatures"]
        few = selection.read(storage) if selection.height <= _BLOCK_ROWS else None
        articles, sketches = _sketches(selection.read_blocks(storage, _BLOCK_ROWS) if few is None else [few])
        articles = _with_canonicals(articles, unit, storage)
        compared = _compared(articles, sketches, self.options.threshold)
        if few is None:
            signatures = selection.only(compared).read(storage)
        else:
            signatures = few.filter(pl.col("article_id").is_in(compared.implode()))
        places = signatures.select("exact_hash", place=pl.int_range(pl.len()))
        return (
            articles.join(places, on="exact_hash", how="left", maintain_order="left"),
            to_matrix(signatures["minhash"]).reshape(-1, LENGTH),
        )


def _sketches(blocks: Iterable[pl.DataFrame]) -> tuple[pl.DataFrame, Bins]:
    """Small columns of all rows, sorted by article_id, and what bands are made of; signatures pass by in blocks."""
    small, sketches = [], []
    for block in blocks:
        small.append(block.drop("minhash", "fingerprint"))
        sketches.append(sketch(to_matrix(block["minhash"])))
    articles = pl.concat(small).with_row_index("row").sort("article_id")
    return articles.drop("row"), np.concatenate(sketches)[articles["row"].to_numpy()]


def _with_canonicals(articles: pl.DataFrame, unit: Unit, storage: Storage) -> pl.DataFrame:
    """Articles with the article that they were found to repeat, null for new ones, and whether they are `known`."""
    decided = pl.DataFrame(schema={"article_id": pl.Int64, "canonical_id": pl.Int64})
    if "duplicates" in unit.reads:
        decided = unit.reads["duplicates"].read(storage).select("article_id", "canonical_id")
    joined = articles.join(decided, on="article_id", how="left", maintain_order="left")
    return joined.with_columns(known=pl.col("canonical_id").is_not_null())


def _compared(articles: pl.DataFrame, sketches: Bins, threshold: float) -> pl.Series:
    """Articles whose signatures are needed, one of each text.

    These are texts that share a band with another, and all that are settled to belong to one of them or to a new
    article: its similarity to the canonical of its group is told.
    """
    settled = pl.Series(_joined(articles.height, articles["exact_hash"], articles["canonical_id"]))
    texts = (
        articles.select("article_id", "exact_hash", "known", group=settled)
        .with_row_index("row")
        .group_by("exact_hash", maintain_order=True)
        .agg(pl.first("row", "article_id", "group"), pl.any("known"), fresh=~pl.all("known"))
    )
    shares = colliding(sketches[texts["row"].to_numpy()], threshold, texts["known"].to_numpy())
    needed = pl.col("shares").any() | ((pl.len() > 1) & pl.col("fresh").any())
    return texts.with_columns(shares=pl.Series(shares)).filter(needed.over("group"))["article_id"]


def group_articles(new: pl.DataFrame, known: pl.DataFrame, hashes: Int64Array, threshold: float) -> pl.DataFrame:
    """Decide for each new article of one crawl whether it is unique, and if not, which article it repeats.

    Both frames have article_id, exact_hash, published_at and place, the row of `hashes` (n, 256) with the signature of
    the article's text, null if it is like no other text; `known` has canonical_id as well. Groups are transitive; in a
    group with earlier canonicals the earliest of them stays canonical, else the earliest publication, then the smallest
    id. Returns article_id, canonical_id, kind and similarity.
    """
    rows = pl.concat([known, new], how="diagonal")
    grouped = rows.with_columns(
        pl.Series("group", _components(rows, hashes, threshold)), known=pl.col("canonical_id").is_not_null()
    )
    ordered = grouped.with_row_index("row").sort(
        pl.col("known").not_(), pl.col("article_id") != pl.col("canonical_id"), "published_at", "article_id",
        nulls_last=True,
    )  # fmt: skip
    first = ordered.group_by("group").agg(
        pl.first("article_id").alias("first_id"), pl.first("row").alias("first"), pl.first("place").alias("other")
    )
    joined = ordered.filter(~pl.col("known")).join(first, on="group", how="left")
    agreement = np.ones(joined.height, dtype=np.float32)
    exact = rows["exact_hash"].gather(joined["row"]) == rows["exact_hash"].gather(joined["first"])
    repeating = joined.filter(~exact)
    agreement[~exact.to_numpy()] = similarity(*(hashes[repeating[side].to_numpy()] for side in ("place", "other")))
    return joined.with_columns(pl.Series("similarity", agreement), pl.Series("exact", exact)).select(
        "article_id",
        pl.col("first_id").alias("canonical_id"),
        pl.when(pl.col("article_id") == pl.col("first_id"))
        .then(pl.lit("unique"))
        .when(pl.col("exact"))
        .then(pl.lit("exact"))
        .otherwise(pl.lit("near"))
        .alias("kind"),
        "similarity",
    )


def _components(rows: pl.DataFrame, hashes: Int64Array, threshold: float) -> Int64Array:
    """The group of each row: texts that are equal, that were found to repeat the same article, or that are near."""
    settled = pl.Series(_joined(rows.height, rows["exact_hash"], rows["canonical_id"]))
    frame = rows.select("exact_hash", "place", group=settled, known=pl.col("canonical_id").is_not_null())
    texts = (
        frame.filter(pl.col("place").is_not_null())
        .group_by("exact_hash", maintain_order=True)
        .agg(pl.first("place", "group"), pl.any("known"))
        .with_row_index("text")
        .with_columns(first=pl.col("text").cast(pl.Int64).min().over("group"))
    )
    near = near_groups(hashes[texts["place"]], threshold, texts["first"].to_numpy(), texts["known"].to_numpy())
    joined = texts.select("group", near=texts["group"].gather(near)).unique("group")
    labels = frame.join(joined, on="group", how="left", maintain_order="left")
    found: Int64Array = labels.select(pl.coalesce("near", "group")).to_series().to_numpy()
    return found


def _joined(size: int, *keys: pl.Series) -> Int64Array:
    """Number the groups of rows that are connected by equal keys; a null key connects nothing."""
    edges = [np.empty((0, 2), dtype=np.int64)]
    for key in keys:
        frame = pl.DataFrame({"key": key, "row": np.arange(size)}).filter(pl.col("key").is_not_null())
        edges.append(frame.select(pl.col("row").min().over("key").alias("first"), "row").to_numpy())
    left, right = np.concatenate(edges).T
    return components(left, right, size)


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
