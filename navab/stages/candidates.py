"""Candidates (Conflict Reduction): find the pairs of statements of a nation that are similar enough to be judged.

Reads standing `statements`; writes `cells`, where a nation has so many that not all are compared with all, and
`candidates` (similar pairs) with `searches` (one row per searched statement), and last the snapshot `compared`: which
statements stood then. New statements are searched among all, and so are those that did not stand at the last search.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from navab.conflict.candidates import EXACT_LIMIT, Block, search, search_identity
from navab.conflict.cells import Cells, cell_count, fit_cells, training_rows
from navab.lake.arrays import to_matrix
from navab.lake.hashing import combine, set_digest, signature
from navab.lake.storage import Storage
from navab.live import pair_fingerprints, standing_statements
from navab.options.conflicts import ConflictsSection
from navab.stages.base import Equation, Output, Stage, Step, Unit, conform, embedders, equate, select, unit_name
from navab.view import View

CELLS_VERSION = 1
COMPARED_VERSION = 1

# A unit that searches reads the vectors of its whole nation, block by block, so it must have much to search.
SEARCHED_ROWS = 65_536
BLOCK_ROWS = 131_072
MOST_UNITS = 16  # of a nation


def expected_cells(view: View) -> pl.DataFrame:
    """Cells of the nations that need them; they are fitted again when a nation has twice as many statements."""
    models, seed = embedders(view), view.configuration.seed
    counts = _searched(view).group_by("nation").len().filter(pl.col("len") > EXACT_LIMIT).sort("nation")
    prints = [
        signature("cells", CELLS_VERSION, nation=nation, seed=seed, embedder=models.of(nation), size=_doublings(count))
        for nation, count in counts.iter_rows()
    ]
    return pl.DataFrame({"nation": counts["nation"], "fingerprint": pl.Series(prints, dtype=pl.Int64)})


def _doublings(count: int) -> int:
    return (count // EXACT_LIMIT).bit_length()


def _searched(view: View) -> pl.DataFrame:
    """The statements that Conflict Reduction looks at."""
    rows = standing_statements(view)
    return rows if view.configuration.conflicts.enabled else rows.clear()


def expected_searches(view: View) -> pl.DataFrame:
    rows = _searched(view)
    prints = combine(search_identity(view.configuration.conflicts), rows["fingerprint"])
    return rows.select("statement_id", "nation", pl.Series("fingerprint", prints))


def expected_candidates(view: View) -> pl.DataFrame:
    searched_by = search_identity(view.configuration.conflicts)
    return pair_fingerprints(view.rows("candidates"), standing_statements(view), searched_by)


def expected_compared(view: View) -> pl.DataFrame:
    """One fingerprint for every nation, of the statements that stand and their searches."""
    made_by = signature("compared", COMPARED_VERSION)
    prints = []
    for (nation,), rows in expected_searches(view).sort("nation").group_by("nation", maintain_order=True):
        digest = combine(made_by, set_digest(rows["statement_id"], rows["fingerprint"]))
        prints.append({"nation": nation, "fingerprint": int(digest[0])})
    return pl.DataFrame(prints, schema={"nation": pl.String, "fingerprint": pl.Int64})


def plan_cells(view: View) -> list[Unit]:
    """One unit for every nation whose cells are to be fitted: a sample of its statements."""
    pending = view.pending("cells")
    units = []
    for nation, fingerprint in pending.select("nation", "fingerprint").iter_rows():
        ids = _searched(view).filter(pl.col("nation") == nation)["statement_id"].sort()
        sample = ids.gather(training_rows(len(ids)))
        reads = {"statements": select(view, "statements", view.located("statements"), sample, ("vector",))}
        rows = pl.DataFrame({"cell": np.arange(cell_count(len(ids)))}).with_columns(
            pl.lit(nation).alias("nation"), pl.lit(fingerprint).alias("fingerprint")
        )
        units.append(Unit(f"cells-{fingerprint & (2**64 - 1):016x}", nation, rows, reads))
    return units


def plan_searches(view: View) -> list[Unit]:
    """Units of new statements of a nation, and of those that came back, each with all standing ones to search among."""
    pending = pl.concat([rows.with_columns(again=pl.lit(again)) for again, rows in _to_search(view)])
    if pending.is_empty():
        return []
    standing, located = standing_statements(view), view.located("statements")
    known = view.current("candidates").select("left_id", "right_id", "nation")
    units = []
    for (nation,), rows in pending.sort("nation", "statement_id").group_by("nation", maintain_order=True):
        here = pl.col("nation") == nation
        ids = standing.filter(here)["statement_id"]
        among = select(view, "statements", located, ids, ("vector",))
        facts = {
            "searched_by": search_identity(view.configuration.conflicts),
            "new": rows["statement_id"],
            "cells": _centroids(view, str(nation)),
        }
        stored = known.filter(here).drop("nation")
        size = max(SEARCHED_ROWS, -(-rows.height // MOST_UNITS))
        for start in range(0, rows.height, size):
            block = rows.slice(start, size)
            searching = select(view, "statements", located, block["statement_id"], ("vector",))
            reads = {"searching": searching, "statements": among}
            again = pl.any_horizontal(pl.col("left_id", "right_id").is_in(block["statement_id"].implode()))
            own = facts | {"known": stored.filter(again)}
            units.append(Unit(unit_name("searches", block, "statement_id"), str(nation), block, reads, own))
    return units


def _to_search(view: View) -> Iterator[tuple[bool, pl.DataFrame]]:
    """Statements that were never searched, and those that were but did not stand at the last search.

    What was added while a statement did not stand was not compared with it.
    """
    columns = ("statement_id", "nation", "fingerprint")
    yield False, view.pending("searches").select(columns)
    compared = view.rows("compared", "search").select("statement_id", pl.col("search").alias("fingerprint"))
    searched = view.current("searches").select(columns)
    yield True, searched.join(compared, on=["statement_id", "fingerprint"], how="anti")


def plan_compared(view: View) -> list[Unit]:
    """One unit for every nation that has other statements than at its last search: its new one has just ended."""
    unsearched = view.pending("searches")["nation"].unique()
    pending = view.pending("compared").filter(~pl.col("nation").is_in(unsearched.implode()))
    searches = expected_searches(view).rename({"fingerprint": "search"})
    units = []
    for nation, fingerprint in pending.select("nation", "fingerprint").iter_rows():
        rows = searches.filter(pl.col("nation") == nation).with_columns(pl.lit(fingerprint).alias("fingerprint"))
        units.append(Unit(f"compared-{fingerprint & (2**64 - 1):016x}", nation, rows.sort("statement_id")))
    return units


def _centroids(view: View, nation: str) -> Cells | None:
    """The cells of a nation, if it has any."""
    current = view.current("cells").filter(pl.col("nation") == nation)
    if current.is_empty():
        return None
    stored = view.snapshot("cells").read(["nation", "cell", "centroid"]).filter(pl.col("nation") == nation)
    return Cells(to_matrix(stored.sort("cell")["centroid"]))


@dataclass(frozen=True)
class FitCells:
    """Fits the cells of a nation to a sample of its statements."""

    seed: int

    def __call__(self, unit: Unit, storage: Storage) -> Iterator[Output]:
        vectors = to_matrix(unit.reads["statements"].read(storage).sort("statement_id")["vector"])
        cells = fit_cells(vectors, self.seed, count=unit.rows)
        centroids = pl.Series("centroid", cells.centroids.tolist(), dtype=pl.List(pl.Float32))
        yield Output("cells", conform(unit.pending.with_columns(centroids), "cells"))


@dataclass(frozen=True)
class SearchCandidates:
    """Finds the candidate pairs of new statements."""

    options: ConflictsSection

    def __call__(self, unit: Unit, storage: Storage) -> Iterator[Output]:
        statements = unit.reads["statements"].rows
        ids = statements["statement_id"]
        new: pl.Series = unit.facts["new"]  # type: ignore[assignment]
        cells: Cells | None = unit.facts["cells"]  # type: ignore[assignment]
        known: pl.DataFrame = unit.facts["known"]  # type: ignore[assignment]
        is_new = ids.is_in(new.implode()).to_numpy()
        pairs, cosines = search(
            _block(unit.reads["searching"].read(storage), ids),
            (_block(rows, ids) for rows in unit.reads["statements"].read_blocks(storage, BLOCK_ROWS)),
            is_new,
            neighbors=self.options.neighbors,
            min_similarity=self.options.min_similarity,
            cells=cells,
        )
        both = ["left_id", "right_id"]
        found = pl.DataFrame(
            {
                "left_id": ids.gather(pairs[:, 0]),
                "right_id": ids.gather(pairs[:, 1]),
                "similarity": pl.Series(cosines, dtype=pl.Float32),
            }
        ).with_columns(pl.lit(unit.nation).alias("nation"))
        prints = pair_fingerprints(found, statements, unit.facts["searched_by"])  # type: ignore[arg-type]
        fresh = found.join(known, on=both, how="anti").join(prints, on=both)
        if fresh.height:
            yield Output("candidates", conform(fresh, "candidates"))
        searched_by = np.where(is_new[pairs[:, 0]], pairs[:, 0], pairs[:, 1])
        counts = np.bincount(searched_by, minlength=len(ids)).astype(np.int64)
        searched = pl.DataFrame({"statement_id": ids, "candidates": counts})
        first = unit.pending.filter(~pl.col("again")).join(searched, on="statement_id")
        if first.height:
            yield Output("searches", conform(first, "searches"))


@dataclass(frozen=True)
class NoteCompared:
    """Notes which statements stood at the search that was just finished."""

    def __call__(self, unit: Unit, storage: Storage) -> Iterator[Output]:
        yield Output("compared", conform(unit.pending, "compared"))


def _block(statements: pl.DataFrame, ids: pl.Series) -> Block:
    """Statements as a block; `ids` are all, sorted."""
    rows = np.searchsorted(ids.to_numpy(), statements["statement_id"].to_numpy()).astype(np.int64)
    return Block(rows, to_matrix(statements["vector"]))


def conservation(view: View) -> list[Equation]:
    if not view.configuration.conflicts.enabled:
        return []
    return equate("accepted statements = searches", view, standing_statements(view), view.live("searches"))


STAGE = Stage(
    name="candidates",
    steps=(
        Step(
            name="cells",
            writes=("cells",),
            expected={"cells": expected_cells},
            plan=plan_cells,
            work=lambda view: FitCells(view.configuration.seed),
            replaces=True,
        ),
        Step(
            name="searches",
            writes=("candidates", "searches"),
            expected={"candidates": expected_candidates, "searches": expected_searches},
            plan=plan_searches,
            work=lambda view: SearchCandidates(view.configuration.conflicts),
        ),
        Step(
            name="compared",
            writes=("compared",),
            expected={"compared": expected_compared},
            plan=plan_compared,
            work=lambda view: NoteCompared(),
            replaces=True,
        ),
    ),
    conservation=conservation,
)
