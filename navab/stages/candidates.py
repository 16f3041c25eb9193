"""Candidates (Conflict Reduction): find the pairs of statements of a nation that are similar enough to be judged.

Reads standing `statements`; writes `cells`, where a nation has so many that not all are compared with all, and
`candidates` (similar pairs) with `searches` (one row per searched statement). New statements are searched among all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from navab.conflict.candidates import EXACT_LIMIT, Block, search
from navab.conflict.cells import Cells, cell_count, fit_cells, training_rows
from navab.lake.arrays import to_matrix
from navab.lake.hashing import combine, signature
from navab.lake.storage import Storage
from navab.live import pair_fingerprints, standing_statements
from navab.options.conflicts import ConflictsSection
from navab.stages.base import Equation, Output, Stage, Step, Unit, conform, embedders, equate, select, unit_name
from navab.view import View

CELLS_VERSION = 1
SEARCH_VERSION = 4

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


def _searched_by(view: View) -> int:
    options = view.configuration.conflicts
    return signature("searches", SEARCH_VERSION, neighbors=options.neighbors, min_similarity=options.min_similarity)


def expected_searches(view: View) -> pl.DataFrame:
    rows = _searched(view)
    prints = combine(_searched_by(view), rows["fingerprint"])
    return rows.select("statement_id", "nation", pl.Series("fingerprint", prints))


def expected_candidates(view: View) -> pl.DataFrame:
    return pair_fingerprints(view.rows("candidates"), standing_statements(view), _searched_by(view))


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
            "searched_by": _searched_by(view),
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
    """Statements that were never searched, and those that were but came back since the last resolution.

    What was added while a statement did not stand was not compared with it.
    """
    columns = ("statement_id", "nation", "fingerprint")
    yield False, view.pending("searches").select(columns)
    decided = view.rows("resolutions").select("statement_id")
    yield True, view.current("searches").select(columns).join(decided, on="statement_id", how="anti")


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
    ),
    conservation=conservation,
)
