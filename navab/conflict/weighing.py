"""What statements weigh, and which are retained: from judged pairs and outlets to the decision on every statement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
import xxhash

from navab.conflict.graph import Graph, build_graph, components
from navab.conflict.resolution import dominant_stance
from navab.options.conflicts import ConflictsSection

# Why a statement is retained or not; an approximate decision says how far from the greatest weight it may be.
UNDISPUTED = "no statement of the nation contradicts it"
DOMINANT = "it belongs to the consistent set with the greatest weight"
MINORITY = "retained statements that contradict it weigh more"
TIED = "retained statements that contradict it weigh as much, and one side must give way"
DECISION_VERSION = 1  # of all that decides a component besides its statements, weights and contradictions

_DECISION = {
    "statement_id": pl.Int64,
    "retained": pl.Boolean,
    "stance": pl.String,
    "reason": pl.String,
    "component_digest": pl.Int64,
}
_DAY_MS = 24 * 3600 * 1000


@dataclass(frozen=True)
class Contradictions:
    """The graph of a nation's contradictions, and its components."""

    graph: Graph
    components: tuple[tuple[int, ...], ...]

    @classmethod
    def among(cls, pairs: pl.DataFrame) -> Contradictions:
        """Of judged pairs (left_id, right_id, verdict)."""
        graph = build_graph(pairs.filter(pl.col("verdict") == "contradiction").select("left_id", "right_id").rows())
        return cls(graph, tuple(map(tuple, components(graph))))

    def members(self) -> pl.DataFrame:
        """The component, named after its smallest statement, of every statement that is contradicted."""
        rows = [(node, component[0]) for component in self.components for node in component]
        return pl.DataFrame(rows, schema={"statement_id": pl.Int64, "component_id": pl.Int64}, orient="row")


def weigh(
    statements: pl.DataFrame,
    pairs: pl.DataFrame,
    backing: pl.DataFrame,
    contradictions: Contradictions,
    options: ConflictsSection,
) -> pl.DataFrame:
    """Component, support and weight of statements (statement_id, source_type, speaker_nation, published_at).

    Support counts the distinct outlets behind a statement, its restatements and reprints (`backing`: statement_id,
    source), and behind the statements that are judged to say the same. Recency is counted from the newest statement
    of the component, so that a new crawl changes the weights of those components only that it touches.
    """
    official = pl.when(pl.col("source_type") == "official").then(options.official_weight).otherwise(0.0)
    home = pl.when(pl.col("speaker_nation") == "home").then(options.home_weight).otherwise(0.0)
    age = (pl.col("published_at").max().over("component_id") - pl.col("published_at")).dt.total_milliseconds()
    recency = options.recency_weight * (0.5 ** (age / (_DAY_MS * options.recency_days))).fill_null(0.0)
    return (
        statements.join(contradictions.members(), on="statement_id", how="left")
        .with_columns(pl.coalesce("component_id", "statement_id").alias("component_id"))
        .join(_support(pairs, backing), on="statement_id")
        .with_columns(
            (options.support_weight * pl.col("support") + official + home + recency).cast(pl.Float32).alias("weight")
        )
    )


def _support(pairs: pl.DataFrame, backing: pl.DataFrame) -> pl.DataFrame:
    """Distinct outlets behind every statement."""
    entailed = pairs.filter(pl.col("verdict") == "entailment").select("left_id", "right_id")
    both = pl.concat(
        [
            entailed.rename({"left_id": "statement_id", "right_id": "other"}),
            entailed.select(pl.col("right_id").alias("statement_id"), pl.col("left_id").alias("other")),
        ]
    )
    backed = both.join(backing.rename({"statement_id": "other"}), on="other").select("statement_id", "source")
    outlets = pl.concat([backing, backed]).with_columns(pl.col("source").fill_null("")).unique()
    return outlets.group_by("statement_id").agg(pl.len().cast(pl.Int64).alias("support"))


def resolve(weighed: pl.DataFrame, contradictions: Contradictions, before: pl.DataFrame) -> pl.DataFrame:
    """Retention, stance and reason of every weighed statement, and its stance before.

    `before` is the decision that this one follows (statement_id, retained, stance, reason, component_digest): a
    component that is as it was keeps its decision without being solved again.
    """
    weights = dict(weighed.select("statement_id", "weight").iter_rows())
    known = {
        digest: rows.select(*_DECISION)
        for (digest,), rows in before.drop_nulls("component_digest").group_by("component_digest")
    }
    decided = [pl.DataFrame(schema=_DECISION)]
    for component in contradictions.components:
        digest = component_digest(component, contradictions.graph, weights)
        decided.append(known[digest] if digest in known else _decide(component, contradictions.graph, weights, digest))
    return (
        weighed.join(pl.concat(decided), on="statement_id", how="left")
        .with_columns(
            pl.col("retained").fill_null(True),
            pl.col("stance").fill_null("undisputed"),
            pl.col("reason").fill_null(UNDISPUTED),
        )
        .join(before.select("statement_id", pl.col("stance").alias("stance_before")), on="statement_id", how="left")
    )


def _decide(component: Sequence[int], graph: Graph, weights: dict[int, float], digest: int) -> pl.DataFrame:
    stance = dominant_stance(component, graph, weights)
    within = f"within {1 - stance.weight / stance.bound:.1%} of it: " if not stance.is_exact else ""
    rows = []
    for node in component:
        if node in stance.retained:
            rows.append((node, True, "dominant", within + DOMINANT, digest))
            continue
        against = sum(weights[other] for other in sorted(graph[node] & stance.retained))
        why = TIED if against == weights[node] else MINORITY
        reason = f"{within}{why}: {against:g} against {weights[node]:g}"
        rows.append((node, False, "minority", reason, digest))
    return pl.DataFrame(rows, schema=_DECISION, orient="row")


def component_digest(component: Sequence[int], graph: Graph, weights: dict[int, float]) -> int:
    """A hash of all that decides a component: its statements, their weights and who contradicts whom."""
    edges = [(node, other) for node in component for other in sorted(graph[node]) if node < other]
    parts = (
        np.array(component, dtype=np.int64),
        np.array([weights[node] for node in component], dtype=np.float32),
        np.array(edges, dtype=np.int64),
    )
    return xxhash.xxh3_64_intdigest(b"".join(part.tobytes() for part in parts), seed=DECISION_VERSION) - (1 << 63)
