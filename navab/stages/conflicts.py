"""Conflicts (Conflict Reduction): find statements that contradict each other and keep the dominant stance.

Reads standing `statements`; writes `conflicts` (judged candidate pairs), `searches` (one row per searched statement)
and the snapshot `resolutions`. Candidates are nearest neighbours within a nation, judged by the polarity rules.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from navab.configuration import Configuration
from navab.conflict.candidates import find_candidates
from navab.conflict.graph import build_graph, components
from navab.conflict.polarity import judge_signatures
from navab.conflict.resolution import dominant_stance
from navab.conflict.signature import signature as polar_signature
from navab.lake.arrays import to_matrix
from navab.lake.hashing import Int64Array, combine, set_digest, signature, text_hash
from navab.lake.storage import Storage
from navab.live import pair_fingerprints, standing_statements
from navab.models.engines import lexicon_digest
from navab.nations.registry import Nation, Registry
from navab.options.conflicts import ConflictsSection
from navab.stages.base import Equation, Output, Stage, Step, Unit, conform, equate, select, unit_name
from navab.view import View

SEARCH_VERSION = 3
RESOLUTION_VERSION = 2
JUDGE = "polarity"

# Why a statement is retained or not; an approximate decision says how far from the greatest weight it may be.
UNDISPUTED = "no statement of the nation contradicts it"
DOMINANT = "it belongs to the consistent set with the greatest weight"
MINORITY = "the statements that contradict it weigh more"


def _judged_by(view: View) -> int:
    options = view.configuration.conflicts
    return signature(
        "conflicts",
        SEARCH_VERSION,
        neighbors=options.neighbors,
        min_similarity=options.min_similarity,
        seed=view.configuration.seed,
        judge=JUDGE,
        lexicons=lexicon_digest(),
    )


def expected_searches(view: View) -> pl.DataFrame:
    rows = standing_statements(view)
    if not view.configuration.conflicts.enabled:
        rows = rows.clear()
    prints = combine(_judged_by(view), rows["fingerprint"])
    return rows.select("statement_id", "nation", pl.Series("fingerprint", prints))


def expected_conflicts(view: View) -> pl.DataFrame:
    return pair_fingerprints(view.rows("conflicts"), standing_statements(view), _judged_by(view))


def expected_resolutions(view: View) -> pl.DataFrame:
    """One fingerprint for every nation, of all that its resolution reads."""
    options = view.configuration.conflicts
    settings = options.model_dump(include={"enabled", "official_weight", "home_weight"})
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


def plan_searches(view: View) -> list[Unit]:
    """One unit for every nation with new statements: all standing statements, of which the new ones are searched."""
    pending, standing = view.pending("searches"), standing_statements(view)
    units = []
    for (nation,), rows in pending.sort("nation", "statement_id").group_by("nation", maintain_order=True):
        ids = standing.filter(pl.col("nation") == nation)["statement_id"]
        columns = ("text", "vector", "language")
        reads = {"statements": select(view, "statements", view.located("statements"), ids, columns)}
        known = view.current("conflicts").filter(pl.col("nation") == nation).select("left_id", "right_id")
        facts = {"judged_by": _judged_by(view), "known": known}
        units.append(Unit(unit_name("searches", rows, "statement_id"), str(nation), rows, reads, facts))
    return units


def plan_resolutions(view: View) -> list[Unit]:
    standing, located, backing = standing_statements(view), view.located("statements"), _backing(view)
    pairs = view.current("conflicts", "verdict")
    if not view.configuration.conflicts.enabled:
        pairs = pairs.clear()
    units = []
    for nation, fingerprint in view.pending("resolutions").select("nation", "fingerprint").iter_rows():
        here = pl.col("nation") == nation
        rows = (
            standing.filter(here)
            .select("statement_id")
            .with_columns(pl.lit(nation).alias("nation"), pl.lit(fingerprint).alias("fingerprint"))
        )
        columns = ("source_type", "speaker_nation")
        reads = {"statements": select(view, "statements", located, rows["statement_id"], columns)}
        facts = {
            "pairs": pairs.filter(here).select("left_id", "right_id", "verdict"),
            "backing": backing.filter(here).select("statement_id", "source"),
        }
        units.append(Unit(f"resolutions-{fingerprint & (2**64 - 1):016x}", nation, rows, reads, facts))
    return units


@dataclass(frozen=True)
class SearchConflicts:
    """Finds and judges the candidate pairs of a nation's new statements."""

    configuration: Configuration
    registry: Registry

    def __call__(self, unit: Unit, storage: Storage) -> Iterator[Output]:
        options = self.configuration.conflicts
        statements = unit.reads["statements"].read(storage).sort("statement_id")
        new = statements["statement_id"].is_in(unit.pending["statement_id"].implode()).to_numpy()
        vectors = to_matrix(statements["vector"])
        pairs, cosines = find_candidates(
            vectors,
            new,
            neighbors=options.neighbors,
            min_similarity=options.min_similarity,
            seed=self.configuration.seed,
        )
        ids = statements["statement_id"].to_numpy()
        found = judge_pairs(statements, pairs, self.registry.get(str(unit.nation))).with_columns(
            pl.Series("similarity", cosines, dtype=pl.Float32), pl.lit(unit.nation).alias("nation")
        )
        prints = pair_fingerprints(found, statements, unit.facts["judged_by"])  # type: ignore[arg-type]
        known: pl.DataFrame = unit.facts["known"]  # type: ignore[assignment]
        fresh = found.join(known, on=["left_id", "right_id"], how="anti").join(prints, on=["left_id", "right_id"])
        if fresh.height:
            yield Output("conflicts", conform(fresh, "conflicts"))
        counts = np.bincount(pairs.ravel(), minlength=len(ids)).astype(np.int64)
        searched = pl.DataFrame({"statement_id": ids, "candidates": counts})
        yield Output("searches", conform(unit.pending.join(searched, on="statement_id"), "searches"))


def judge_pairs(statements: pl.DataFrame, pairs: Int64Array, nation: Nation) -> pl.DataFrame:
    """Judge pairs of rows of `statements` (statement_id, text, language, sorted by id)."""
    texts, languages = statements["text"], statements["language"]
    ids = statements["statement_id"]
    signatures = {row: polar_signature(texts[row], nation.lexicon(languages[row])) for row in np.unique(pairs).tolist()}
    verdicts = [judge_signatures(signatures[left], signatures[right]) for left, right in pairs.tolist()]
    return pl.DataFrame(
        {
            "left_id": ids.gather(pairs[:, 0]),
            "right_id": ids.gather(pairs[:, 1]),
            "verdict": pl.Series([one.verdict for one in verdicts], dtype=pl.String),
            "confidence": pl.Series([one.confidence for one in verdicts], dtype=pl.Float32),
            "judge": pl.Series([JUDGE] * len(verdicts), dtype=pl.String),
        }
    )


@dataclass(frozen=True)
class ResolveConflicts:
    """Keeps the dominant stance of every conflict of a nation."""

    options: ConflictsSection

    def __call__(self, unit: Unit, storage: Storage) -> Iterator[Output]:
        statements = unit.reads["statements"].read(storage).select("statement_id", "source_type", "speaker_nation")
        pairs: pl.DataFrame = unit.facts["pairs"]  # type: ignore[assignment]
        backing: pl.DataFrame = unit.facts["backing"]  # type: ignore[assignment]
        weighed = weigh(statements, pairs, backing, self.options)
        decided = unit.pending.join(resolve(weighed, pairs), on="statement_id").sort("statement_id")
        yield Output("resolutions", conform(decided, "resolutions"))


def weigh(
    statements: pl.DataFrame, pairs: pl.DataFrame, backing: pl.DataFrame, options: ConflictsSection
) -> pl.DataFrame:
    """Support and weight of statements (statement_id, source_type, speaker_nation).

    Support counts the distinct outlets behind a statement, its restatements and reprints (`backing`: statement_id,
    source), and behind the statements that are judged to say the same.
    """
    entailed = pairs.filter(pl.col("verdict") == "entailment")
    both = pl.concat(
        [
            entailed.select(pl.col("left_id").alias("statement_id"), pl.col("right_id").alias("other")),
            entailed.select(pl.col("right_id").alias("statement_id"), pl.col("left_id").alias("other")),
        ]
    )
    backed = both.join(backing.rename({"statement_id": "other"}), on="other").select("statement_id", "source")
    outlets = pl.concat([backing, backed]).with_columns(pl.col("source").fill_null("")).unique()
    support = outlets.group_by("statement_id").agg(pl.len().cast(pl.Int64).alias("support"))
    official = pl.when(pl.col("source_type") == "official").then(options.official_weight).otherwise(0.0)
    home = pl.when(pl.col("speaker_nation") == "home").then(options.home_weight).otherwise(0.0)
    return statements.join(support, on="statement_id").with_columns(
        (pl.col("support") + official + home).cast(pl.Float32).alias("weight")
    )


def resolve(statements: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Component, retention, stance and reason of every statement (statement_id, support, weight)."""
    weights = dict(statements.select("statement_id", "weight").iter_rows())
    graph = build_graph(pairs.filter(pl.col("verdict") == "contradiction").select("left_id", "right_id").rows())
    disputed = []
    for component in components(graph):
        stance = dominant_stance(component, graph, weights)
        within = f"within {1 - stance.weight / stance.bound:.1%} of it: " if not stance.is_exact else ""
        for node in component:
            word, why = ("dominant", DOMINANT) if node in stance.retained else ("minority", MINORITY)
            disputed.append((node, component[0], node in stance.retained, word, within + why))
    schema = {
        "statement_id": pl.Int64,
        "component_id": pl.Int64,
        "retained": pl.Boolean,
        "stance": pl.String,
        "reason": pl.String,
    }
    decided = pl.DataFrame(disputed, schema=schema, orient="row")
    return statements.join(decided, on="statement_id", how="left").with_columns(
        pl.coalesce("component_id", "statement_id").alias("component_id"),
        pl.col("retained").fill_null(True),
        pl.col("stance").fill_null("undisputed"),
        pl.col("reason").fill_null(UNDISPUTED),
    )


def conservation(view: View) -> list[Equation]:
    if not view.configuration.conflicts.enabled:
        return []
    standing = standing_statements(view)
    return [
        *equate("accepted statements = searches", view, standing, view.live("searches")),
        *equate("accepted statements = resolutions", view, standing, view.current("resolutions")),
    ]


STAGE = Stage(
    name="conflicts",
    steps=(
        Step(
            name="searches",
            writes=("conflicts", "searches"),
            expected={"conflicts": expected_conflicts, "searches": expected_searches},
            plan=plan_searches,
            work=lambda view: SearchConflicts(view.configuration, view.registry),
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
