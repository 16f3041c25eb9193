"""Duplicates: point every article at its canonical article.

Reads live `articles`; writes a `signatures` row and a `duplicates` row per article. Exact duplicates have the same
folded text; near-duplicates share at least `dedup.threshold` of their character n-grams (MinHash LSH, Broder 1997).
Only articles of one nation are compared. Within a crawl the earliest publication is canonical, then the smallest id;
articles of later crawls are compared with the signatures of all earlier ones and join their canonicals. If a canonical
is no longer live (a takedown, a changed option) or repeats another one itself, those that repeat it are decided anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from navab.lake.arrays import from_bytes, to_bytes
from navab.lake.hashing import Int64Array, combine, signature, text_hash
from navab.lake.joins import Mask, keep, match
from navab.lake.storage import Storage
from navab.options.articles import DedupSection
from navab.stages.base import (
    Equation,
    Output,
    Selection,
    Stage,
    Step,
    Unit,
    conform,
    equate,
    extend,
    plan_rows,
    select_all,
    signatures_by_nation,
    unit_name,
)
from navab.text.bands import BandFilter
from navab.text.canonicals import group_articles, in_order_of_crawls
from navab.text.minhash import LENGTH, Bins, pack, sign, sketch, unpack
from navab.text.normalise import fold_text
from navab.view import View

SIGNATURE_VERSION = 4
VERSION = 3
# How signatures are stored is a part of their fingerprints, and none of those of decisions, which stay the same.
_LAYOUT = signature("layout of signatures", 2)
# A unit reads whole files of articles: with few rows each, files would be read again and again.
_LEAST_UNIT_ROWS = 4096
_NO_ARTICLE = 0  # in fingerprints of decisions that are to be made anew: no row has them
_UNDATED = np.iinfo(np.int64).min  # in fingerprints, for no publication time
_BLOCK_ROWS = 65_536  # of sketches that pass by


def expected_signatures(view: View) -> pl.DataFrame:
    """Nation and publication stand in the row and may change while the text stays: a registry decides them too."""
    articles = view.live_columns("articles", "article_id", "nation", "content_hash", "published_at")
    ngram = view.configuration.dedup.ngram
    made_by = signatures_by_nation(
        articles["nation"], view, lambda code: signature("signatures", SIGNATURE_VERSION, nation=code, ngram=ngram)
    )
    published = articles["published_at"].to_physical().fill_null(_UNDATED)
    prints = combine(made_by, articles["content_hash"], published)
    return articles.select("article_id", "nation", pl.Series("fingerprint", prints ^ _LAYOUT))


def expected_duplicates(view: View) -> pl.DataFrame:
    """Decisions at their first fingerprints, unless they no longer stand: then at that of another one that does.

    Articles that are left without one are decided anew.
    """
    first = _first_decisions(view)
    decided = view.rows("duplicates", "canonical_id")
    made_first = match(decided, first, ["article_id", "fingerprint"])[0]
    if made_first.all() and _of_unique(decided, decided).all():
        return first
    known = decided.select("article_id", "fingerprint", "canonical_id").join(
        first.select("article_id", "nation", first="fingerprint"), on="article_id"
    )
    again = pl.Series(combine(known["first"], known["canonical_id"]))
    own = known.filter((pl.col("fingerprint") == pl.col("first")) | (pl.col("fingerprint") == again))
    standing = _standing(own.sort(pl.col("fingerprint") != pl.col("first"), "canonical_id"))
    lost = own.filter(pl.col("fingerprint") == pl.col("first")).join(standing, on="article_id", how="anti")
    pending = lost.select("article_id", pl.Series("other", combine(lost["first"], _NO_ARTICLE)))
    others = pl.concat([standing.select("article_id", other="fingerprint"), pending])
    merged = first.join(others, on="article_id", how="left", maintain_order="left")
    return merged.select("article_id", "nation", pl.coalesce("other", "fingerprint").alias("fingerprint"))


def _first_decisions(view: View) -> pl.DataFrame:
    """Fingerprints of decisions that are made for the first time; of one made anew its result is a part as well."""
    made_by = signature("duplicates", VERSION, threshold=view.configuration.dedup.threshold)
    rows = view.live("signatures")
    prints = combine(made_by, rows["fingerprint"].to_numpy() ^ _LAYOUT)
    return rows.select("article_id", "nation", pl.Series("fingerprint", prints))


def _of_unique(decisions: pl.DataFrame, others: pl.DataFrame) -> Mask:
    """Which decisions name the article itself, or one of its nation that is unique by the others."""
    standing = _unique(decisions)
    repeats = keep(decisions, ~standing).select("nation", article_id="canonical_id")
    standing[~standing] = match(repeats, keep(others, _unique(others)), ["article_id", "nation"])[0]
    return standing


def _unique(decisions: pl.DataFrame) -> Mask:
    return (decisions["article_id"] == decisions["canonical_id"]).to_numpy(writable=True)


def _standing(decisions: pl.DataFrame) -> pl.DataFrame:
    """The first decision of each article that stands: that it is unique, or repeats one that is, in its nation.

    An article's decisions lie in the order of preference. Whether one stands depends on that of the article that it
    names, so it waits for that; decisions that wait for each other do not stand.
    """
    found, open_ = decisions.clear(), decisions
    while open_.height:
        best = open_.unique("article_id", keep="first", maintain_order=True)
        stands = _of_unique(best, found)
        names = best.select("nation", article_id="canonical_id")
        waits = match(names, best, ["article_id", "nation"])[0] & ~stands
        if waits.all():
            break
        found = pl.concat([found, keep(best, stands)])
        falls = keep(best, ~stands & ~waits).select("article_id", "fingerprint")
        open_ = open_.join(keep(best, stands), on="article_id", how="anti").join(
            falls, on=["article_id", "fingerprint"], how="anti"
        )
    return found


def plan_signatures(view: View) -> list[Unit]:
    columns = ("article_id", "text", "title", "published_at", "crawl")
    size = max(view.configuration.resources.unit_rows, _LEAST_UNIT_ROWS)
    units = plan_rows(view, "signatures", {"articles": ("record_id", columns)}, carry=_records, unit_rows=size)
    return sorted(units, key=lambda unit: -unit.rows)  # small ones fill the end


def _records(view: View) -> pl.DataFrame:
    return view.live_columns("articles", "article_id", "record_id")


def plan_duplicates(view: View) -> list[Unit]:
    """One unit for every nation with new articles: all its signatures, and what earlier ones were found to repeat."""
    if view.pending("duplicates").is_empty():
        return []
    pending = _with_earlier(view.pending("duplicates"), view)
    decided = view.rows("duplicates").select("article_id", "fingerprint")
    made = keep(decided, match(decided, pending, ["article_id"])[0])
    signatures, duplicates = view.live("signatures"), view.live("duplicates")  # of one nation, all that are live
    crawls = tuple(dict.fromkeys(source.crawl for source in view.configuration.sources))
    units = []
    for (nation,), rows in pending.sort("nation", "article_id").group_by("nation", maintain_order=True):
        own = pl.col("nation") == nation
        reads = {"signatures": select_all(view, "signatures", signatures.filter(own), _SKETCH_COLUMNS)}
        if (earlier := duplicates.filter(own)).height:
            reads["duplicates"] = select_all(view, "duplicates", earlier, _DECISION_COLUMNS)
        facts = {"crawls": crawls, "made": made.join(rows, on="article_id", how="semi")}
        units.append(Unit(unit_name("duplicates", rows, "article_id"), str(nation), rows, reads, facts))
    return sorted(units, key=lambda unit: -unit.reads["signatures"].height)  # the last one to end begins first


def _with_earlier(pending: pl.DataFrame, view: View) -> pl.DataFrame:
    """Pending rows with their `first` fingerprints, and whether they `led` others by any earlier decision."""
    decided = view.rows("duplicates", "canonical_id")
    led = match(pending, keep(decided, _unique(decided)), ["article_id", "nation"])[0]
    first = _first_decisions(view).select("article_id", first="fingerprint")
    return extend(pending.with_columns(led=pl.Series(led)), first, "article_id")


# Sketches of all articles are read; signatures, up to 2 kB each, of those whose sketches leave a doubt.
_SKETCH_COLUMNS = ("article_id", "exact_hash", "sketch_bytes", "published_at", "crawl")
_DECISION_COLUMNS = ("article_id", "canonical_id")
_SIGNATURE_COLUMNS = ("article_id", "signature_bytes")
_Wanted = Callable[[pl.DataFrame, Bins], Mask]  # of a block of rows and their sketches


@dataclass(frozen=True)
class MakeSignatures:
    """Hashes the texts of a unit."""

    options: DedupSection

    def __call__(self, unit: Unit, storage: Storage) -> Iterator[Output]:
        articles = unit.reads["articles"].read(storage)
        made_of = articles.drop("nation", "fingerprint", strict=False)
        rows = unit.pending.join(made_of, on="article_id", how="inner", maintain_order="left")
        folded = [fold_text(text) for text in rows["text"]]
        signatures = sign(folded, self.options.ngram)
        table = rows.with_columns(
            pl.Series("exact_hash", [text_hash(text) for text in folded], dtype=pl.Int64),
            pl.Series("signature_bytes", pack(signatures), dtype=pl.Binary),
            to_bytes("sketch_bytes", sketch(signatures)),
            minhash=None,
            sketch=None,
        )
        yield Output("signatures", conform(table, "signatures"))


@dataclass(frozen=True)
class FindDuplicates:
    """Groups the new articles of a nation, crawl by crawl, with each other and with all earlier ones."""

    options: DedupSection

    def __call__(self, unit: Unit, storage: Storage) -> Iterator[Output]:
        selection = unit.reads["signatures"]
        rows, sketches = self._sketches(unit, storage)
        led = unit.pending.select("article_id", "led")
        articles = in_order_of_crawls(rows.join(led, on="article_id", how="left"), unit.facts["crawls"])
        texts = articles.unique("text", keep="first", maintain_order=True)
        sketches = sketches[texts["row"].to_numpy()]  # the others are let go

        def signatures_of(numbers: Int64Array) -> Int64Array:
            ids = texts["article_id"].gather(numbers)
            read = replace(selection.only(ids), columns=_SIGNATURE_COLUMNS).read(storage)
            signatures = np.empty((len(ids), LENGTH), dtype=np.int64)
            signatures[ids.arg_sort().to_numpy()] = unpack(read["signature_bytes"])  # which is sorted by id
            return signatures

        decided = group_articles(articles, sketches, signatures_of, self.options.threshold)
        yield Output("duplicates", conform(_made(unit, decided), "duplicates"))

    def _sketches(self, unit: Unit, storage: Storage) -> tuple[pl.DataFrame, Bins]:
        """Numbered articles, the known ones with what they repeat, and their sketches.

        Of the known ones these are all that may share a band with a new one, and those that are repeated.
        """
        new, known = unit.reads["signatures"].divided(unit.pending["article_id"])
        rows, sketches = _read_sketches(new, storage, lambda block, own: np.ones(block.height, dtype=np.bool_))
        decided = pl.DataFrame(schema={"article_id": pl.Int64, "canonical_id": pl.Int64})
        if known.height:
            decided = unit.reads["duplicates"].read(storage).select(_DECISION_COLUMNS)
            repeated = keep(decided, ~_unique(decided)).select(article_id="canonical_id").unique()
            may_share = BandFilter(sketches, self.options.threshold)
            others, other_sketches = _read_sketches(
                known, storage, lambda block, own: may_share(own) | match(block, repeated, ["article_id"])[0]
            )
            rows, sketches = pl.concat([rows, others]), np.concatenate([sketches, other_sketches])
        return rows.with_row_index("row").join(decided, on="article_id", how="left"), sketches


def _read_sketches(selection: Selection, storage: Storage, wanted: _Wanted) -> tuple[pl.DataFrame, Bins]:
    """Small columns of the wanted rows, and their sketches; all rows pass by in blocks."""
    small: list[pl.DataFrame] = []
    sketches: list[Bins] = []
    for block in selection.read_blocks(storage, _BLOCK_ROWS):
        own = from_bytes(block["sketch_bytes"])
        mask = wanted(block, own)
        small.append(keep(block.drop("sketch_bytes", "fingerprint"), mask))
        sketches.append(own if mask.all() else own[mask])
    return pl.concat(small), np.concatenate(sketches)


def _made(unit: Unit, decided: pl.DataFrame) -> pl.DataFrame:
    """Rows of decisions, but for those that came to what an earlier row says."""
    rows = unit.pending.join(decided, on="article_id", how="inner").sort("article_id")
    anew = pl.Series(combine(rows["first"], rows["canonical_id"]))
    made = pl.when(pl.col("fingerprint") == pl.col("first")).then("fingerprint").otherwise(anew)
    before: Any = unit.facts["made"]
    return rows.with_columns(made.alias("fingerprint")).join(before, on=["article_id", "fingerprint"], how="anti")


def conservation(view: View) -> list[Equation]:
    """Articles in = unique + exact + near, and what is repeated is unique, in every nation."""
    decided = view.live("duplicates", "canonical_id")
    return [
        *equate("accepted articles = unique + duplicate articles", view, view.live("articles"), decided),
        *equate(
            "decisions = decisions for unique articles", view, decided, keep(decided, _of_unique(decided, decided))
        ),
    ]


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
