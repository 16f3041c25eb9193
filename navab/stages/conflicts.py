"""Conflicts (Conflict Reduction): find statements that contradict each other and keep the dominant stance.

Reads standing `statements`; writes `candidates` (similar pairs of a nation) and `searches` (one row per searched
statement), `conflicts` (judged pairs) and the snapshot `resolutions`. New statements are searched among all, by way of
`cells` where a nation has many; polarity rules judge first, and a judge that reads what they leave open, if there is
one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from navab.configuration import Configuration
from navab.conflict.candidates import EXACT_LIMIT, find_candidates
from navab.conflict.cells import Cells, cell_count, fit_cells, training_rows
from navab.conflict.judgement import Judged, Pair, judge_in_turn
from navab.conflict.judges import check_judge, judge_identity, load_judges
from navab.conflict.weighing import Contradictions, resolve, weigh
from navab.lake.arrays import to_matrix
from navab.lake.hashing import combine, set_digest, signature, text_hash
from navab.lake.storage import Storage
from navab.live import pair_fingerprints, standing_statements
from navab.nations.registry import Registry
from navab.options.conflicts import ConflictsSection
from navab.stages.base import (
    Equation,
    Output,
    Stage,
    Step,
    Unit,
    conform,
    embedders,
    equate,
    select,
    signatures_by_nation,
    unit_name,
)
from navab.text.normalise import fold_text
from navab.view import View

CELLS_VERSION = 1
SEARCH_VERSION = 4
JUDGEMENT_VERSION = 1
RESOLUTION_VERSION = 3

# A unit that searches reads the vectors of its whole nation, so it must have much to search.
SEARCHED_ROWS = 65_536
PAIRS_PER_ROW = 16  # a pair costs a judge much less than a row costs other stages


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


def _judged_by(nation: str, view: View) -> int:
    identity = judge_identity(view.configuration, view.registry.get(nation))
    return signature("conflicts", JUDGEMENT_VERSION, **identity)


def expected_searches(view: View) -> pl.DataFrame:
    rows = _searched(view)
    prints = combine(_searched_by(view), rows["fingerprint"])
    return rows.select("statement_id", "nation", pl.Series("fingerprint", prints))


def expected_candidates(view: View) -> pl.DataFrame:
    return pair_fingerprints(view.rows("candidates"), standing_statements(view), _searched_by(view))


def expected_conflicts(view: View) -> pl.DataFrame:
    pairs = view.current("candidates")
    judged_by = signatures_by_nation(pairs["nation"], view, lambda nation: _judged_by(nation, view))
    prints = combine(judged_by, pairs["fingerprint"])
    return pairs.select("left_id", "right_id", "nation", pl.Series("fingerprint", prints))


def expected_resolutions(view: View) -> pl.DataFrame:
    """One fingerprint for every nation, of all that its resolution reads."""
    settings = view.configuration.conflicts.model_dump(include={"enabled", *_WEIGHTS})
    made_by = signature("resolutions", RESOLUTION_VERSION, **settings)
    statements, pairs, backing = standing_statements(view), view.current("conflicts"), _backing(view)
    prints = []
    for nation in statements["nation"].unique().sort():
        here = pl.col("nation") == nation
        own = [statements.filter(here)["statement_id"], statements.filter(here)["fingerprint"]]
        judged, backed = pairs.filter(here), backing.filter(here)
        digest = combine(
            made_by,
            text_hash(nation),
            set_digest(*own),
            set_digest(judged["left_id"], judged["right_id"], judged["fingerprint"]),
            set_digest(backed["statement_id"], backed["article_id"]),
        )
        prints.append({"nation": nation, "fingerprint": int(digest[0])})
    return pl.DataFrame(prints, schema={"nation": pl.String, "fingerprint": pl.Int64})


_WEIGHTS = {name for name in ConflictsSection.model_fields if name.endswith("_weight")} | {"recency_days"}


def _backing(view: View) -> pl.DataFrame:
    """Every article behind a standing statement, with its outlet: its own, those repeating it, and their reprints."""
    said = view.live("statements", "merged_into", "article_id").select(
        pl.coalesce("merged_into", "statement_id").alias("statement_id"), "nation", "article_id"
    )
    reprints = view.live("duplicates", "canonical_id", "kind").filter(pl.col("kind") != "unique")
    copies = reprints.select(pl.col("canonical_id").alias("article_id"), pl.col("article_id").alias("copy"))
    reprinted = said.join(copies, on="article_id").select("statement_id", "nation", pl.col("copy").alias("article_id"))
    outlets = view.live("articles", "article_id", "source").select("article_id", "source")
    return pl.concat([said, reprinted]).join(outlets, on="article_id", how="left", maintain_order="left")


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
    """Units of new statements of a nation, each with all standing ones to search among."""
    pending = view.pending("searches")
    if pending.is_empty():
        return []
    standing, located = standing_statements(view), view.located("statements")
    known = view.current("candidates").select("left_id", "right_id", "nation")
    units = []
    for (nation,), rows in pending.sort("nation", "statement_id").group_by("nation", maintain_order=True):
        here = pl.col("nation") == nation
        ids = standing.filter(here)["statement_id"]
        reads = {"statements": select(view, "statements", located, ids, ("vector",))}
        facts = {
            "searched_by": _searched_by(view),
            "known": known.filter(here).drop("nation"),
            "new": rows["statement_id"],
            "cells": _centroids(view, str(nation)),
        }
        for start in range(0, rows.height, SEARCHED_ROWS):
            block = rows.slice(start, SEARCHED_ROWS)
            units.append(Unit(unit_name("searches", block, "statement_id"), str(nation), block, reads, facts))
    return units


def _centroids(view: View, nation: str) -> Cells | None:
    """The cells of a nation, if it has any."""
    current = view.current("cells").filter(pl.col("nation") == nation)
    if current.is_empty():
        return None
    stored = view.snapshot("cells").read(["nation", "cell", "centroid"]).filter(pl.col("nation") == nation)
    return Cells(to_matrix(stored.sort("cell")["centroid"]))


def plan_judgements(view: View) -> list[Unit]:
    """Units of pairs that are not judged yet."""
    pending = view.pending("conflicts")
    if pending.is_empty():
        return []
    check_judge(view.configuration)
    similar = view.current("candidates", "similarity").select("left_id", "right_id", "similarity")
    pending = pending.join(similar, on=["left_id", "right_id"])
    columns = ("text", "language", "speaker", "source", "source_type")
    located, size = view.located("statements"), PAIRS_PER_ROW * view.configuration.resources.unit_rows
    units = []
    ordered = pending.sort("nation", "left_id", "right_id")
    for (nation,), rows in ordered.group_by("nation", maintain_order=True):
        for start in range(0, rows.height, size):
            block = rows.slice(start, size)
            ids = pl.concat([block["left_id"], block["right_id"]])
            reads = {"statements": select(view, "statements", located, ids, columns)}
            units.append(Unit(unit_name("conflicts", block, "left_id"), str(nation), block, reads))
    return units


def plan_resolutions(view: View) -> list[Unit]:
    pending = view.pending("resolutions")
    if pending.is_empty():
        return []
    standing, located, backing = standing_statements(view), view.located("statements"), _backing(view)
    before, decision = view.rows("resolutions"), ("retained", "stance", "reason", "component_digest")
    pairs = view.current("conflicts", "verdict")
    if not view.configuration.conflicts.enabled:
        pairs = pairs.clear()
    units = []
    for nation, fingerprint in pending.select("nation", "fingerprint").iter_rows():
        here = pl.col("nation") == nation
        rows = (
            standing.filter(here)
            .select("statement_id")
            .with_columns(pl.lit(nation).alias("nation"), pl.lit(fingerprint).alias("fingerprint"))
        )
        columns = ("source_type", "speaker_nation", "published_at")
        own, key = before.filter(here), "statement_id"
        reads = {
            "statements": select(view, "statements", located, rows["statement_id"], columns),
            "resolutions": select(view, "resolutions", own, own[key], decision, key=key),
        }
        facts = {
            "pairs": pairs.filter(here).select("left_id", "right_id", "verdict"),
            "backing": backing.filter(here).select("statement_id", "source"),
        }
        units.append(Unit(f"resolutions-{fingerprint & (2**64 - 1):016x}", nation, rows, reads, facts))
    return units


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
        statements = unit.reads["statements"].read(storage).sort("statement_id")
        ids = statements["statement_id"]
        new: pl.Series = unit.facts["new"]  # type: ignore[assignment]
        cells: Cells | None = unit.facts["cells"]  # type: ignore[assignment]
        known: pl.DataFrame = unit.facts["known"]  # type: ignore[assignment]
        is_new = ids.is_in(new.implode()).to_numpy()
        pairs, cosines = find_candidates(
            to_matrix(statements["vector"]),
            is_new,
            neighbors=self.options.neighbors,
            min_similarity=self.options.min_similarity,
            cells=cells,
            searching=ids.is_in(unit.pending["statement_id"].implode()).to_numpy(),
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
        yield Output("searches", conform(unit.pending.join(searched, on="statement_id"), "searches"))


@dataclass(frozen=True)
class JudgePairs:
    """Judges candidate pairs: rules first, then the judge that reads."""

    configuration: Configuration
    registry: Registry

    def __call__(self, unit: Unit, storage: Storage) -> Iterator[Output]:
        said = {row["statement_id"]: row for row in unit.reads["statements"].read(storage).iter_rows(named=True)}
        sides = [(said[left], said[right]) for left, right in unit.pending.select("left_id", "right_id").iter_rows()]
        pairs = [
            Pair(left["text"], right["text"], left["language"], right["language"], str(unit.nation))
            for left, right in sides
        ]
        judged = judge_in_turn(pairs, *load_judges(self.configuration, self.registry))
        parties = [_parties(*both, one) for both, one in zip(sides, judged, strict=True)]
        rows = unit.pending.with_columns(
            pl.Series("verdict", [one.judgement.verdict for one in judged], dtype=pl.String),
            pl.Series("confidence", [one.judgement.confidence for one in judged], dtype=pl.Float32),
            pl.Series("judge", [one.judge for one in judged], dtype=pl.String),
            pl.Series("decided", [one.judgement.decided for one in judged], dtype=pl.Boolean),
            pl.Series("reason", [one.judgement.reason for one in judged], dtype=pl.String),
            pl.Series("parties", parties, dtype=pl.String),
        )
        yield Output("conflicts", conform(rows, "conflicts"))


def _parties(left: dict[str, str | None], right: dict[str, str | None], judged: Judged) -> str | None:
    """Whether a contradiction is one speaker's changed mind or a dispute of two."""
    if judged.judgement.verdict != "contradiction":
        return None
    one, other = _voice(left), _voice(right)
    if one is None or other is None:
        return "unknown"
    return "one" if one == other else "two"


def _voice(statement: dict[str, str | None]) -> tuple[str, str] | None:
    """Who speaks: the named speaker, or the outlet in its own voice."""
    if statement["speaker"]:
        return "speaker", fold_text(statement["speaker"])
    outlet = statement["source"] if statement["source_type"] == "official" else None
    return ("outlet", fold_text(outlet)) if outlet else None


@dataclass(frozen=True)
class ResolveConflicts:
    """Keeps the dominant stance of every conflict of a nation."""

    options: ConflictsSection

    def __call__(self, unit: Unit, storage: Storage) -> Iterator[Output]:
        statements = unit.reads["statements"].read(storage).drop("fingerprint")
        before = unit.reads["resolutions"].read(storage)
        pairs: pl.DataFrame = unit.facts["pairs"]  # type: ignore[assignment]
        backing: pl.DataFrame = unit.facts["backing"]  # type: ignore[assignment]
        contradictions = Contradictions.among(pairs)
        weighed = weigh(statements, pairs, backing, contradictions, self.options)
        resolved = resolve(weighed, contradictions, before)
        decided = unit.pending.join(resolved, on="statement_id").sort("statement_id")
        yield Output("resolutions", conform(decided, "resolutions"))


def conservation(view: View) -> list[Equation]:
    if not view.configuration.conflicts.enabled:
        return []
    standing = standing_statements(view)
    return [
        *equate("accepted statements = searches", view, standing, view.live("searches")),
        *equate("candidates = judged pairs", view, view.current("candidates"), view.current("conflicts")),
        *equate("accepted statements = resolutions", view, standing, view.current("resolutions")),
    ]


STAGE = Stage(
    name="conflicts",
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
            name="conflicts",
            writes=("conflicts",),
            expected={"conflicts": expected_conflicts},
            plan=plan_judgements,
            work=lambda view: JudgePairs(view.configuration, view.registry),
            asks_engine=lambda view: view.configuration.conflicts.judge == "engine",
        ),
        Step(
            name="resolutions",
            writes=("resolutions",),
            expected={"resolutions": expected_resolutions},
            plan=plan_resolutions,
            work=lambda view: ResolveConflicts(view.configuration.conflicts),
            replaces=True,
        ),
    ),
    conservation=conservation,
)
