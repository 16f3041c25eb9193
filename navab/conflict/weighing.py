"""What positions weigh, and which are retained: from judged pairs and outlets to the decision on every statement."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
import xxhash

from navab.conflict import reasons
from navab.conflict.graph import Graph, components, induced
from navab.conflict.positions import Positions
from navab.conflict.reasons import Weight
from navab.conflict.resolution import Stance, dominant_stance
from navab.options.conflicts import ConflictsSection

DECISION_VERSION = 2  # of all that decides a component besides its statements, weights and contradictions

_DECISION = {
    "statement_id": pl.Int64,
    "retained": pl.Boolean,
    "stance": pl.String,
    "reason": pl.String,
    "component_digest": pl.Int64,
}
_WEIGHT = ("weight", "support", "official", "home", "recency", "days")


def weigh(
    statements: pl.DataFrame, positions: Positions, backing: pl.DataFrame, options: ConflictsSection
) -> pl.DataFrame:
    """Component, support and weight of statements (statement_id, source_type, speaker_nation, published_at).

    Statements that say the same weigh together, once: support counts the distinct outlets behind them and their
    reprints (`backing`: statement_id, source), and one of them that is official, of a home speaker or new makes all of
    them so. Recency is counted in days from the newest statement of the conflict, so that a new crawl changes the
    weights of those conflicts only that it touches.
    """
    by = "position_id"
    official = pl.col("source_type").eq_missing("official").any().over(by) * options.official_weight
    home = pl.col("speaker_nation").eq_missing("home").any().over(by) * options.home_weight
    days = (pl.col("newest").max().over("side_id") - pl.col("newest")).dt.total_days()
    recency = options.recency_weight * (0.5 ** (pl.col("days") / options.recency_days)).fill_null(0.0)
    weight = options.support_weight * pl.col("support") + pl.sum_horizontal("official", "home", "recency")
    return (
        statements.join(positions.members, on="statement_id")
        .with_columns(
            official.alias("official"), home.alias("home"), pl.col("published_at").max().over(by).alias("newest")
        )
        .with_columns(days.alias("days"))
        .with_columns(recency.alias("recency"))
        .join(_support(positions, backing), on=by)
        .with_columns(weight.cast(pl.Float32).alias("weight"))
    )


def _support(positions: Positions, backing: pl.DataFrame) -> pl.DataFrame:
    """Distinct outlets behind every position."""
    outlets = backing.join(positions.members, on="statement_id").with_columns(pl.col("source").fill_null(""))
    return outlets.group_by("position_id").agg(pl.col("source").n_unique().cast(pl.Int64).alias("support"))


def resolve(weighed: pl.DataFrame, positions: Positions, before: pl.DataFrame) -> pl.DataFrame:
    """Retention, stance and reason of every weighed statement, and its stance before.

    `before` is the decision that this one follows (statement_id, retained, stance, reason, component_digest): a
    component that is as it was keeps its decision without being solved again.
    """
    known = {
        digest: rows.select(*_DECISION)
        for (digest,), rows in before.drop_nulls("component_digest").group_by("component_digest")
    }
    disputed = weighed.drop_nulls("component_id").sort("statement_id")
    members = disputed.partition_by("component_id", as_dict=True)
    decided = [pl.DataFrame(schema=_DECISION)]
    for component in positions.components:
        rows = members[(component[0],)]
        digest = component_digest(rows, component, positions)
        decided.append(known[digest] if digest in known else _decide(rows, component, positions, digest))
    return (
        weighed.with_columns(pl.coalesce("component_id", "statement_id").alias("component_id"))
        .join(pl.concat(decided), on="statement_id", how="left")
        .with_columns(
            pl.col("retained").fill_null(True),
            pl.col("stance").fill_null("undisputed"),
            pl.col("reason").fill_null(reasons.UNDISPUTED),
        )
        .join(before.select("statement_id", pl.col("stance").alias("stance_before")), on="statement_id", how="left")
    )


def _decide(rows: pl.DataFrame, component: Sequence[int], positions: Positions, digest: int) -> pl.DataFrame:
    """The decision on the statements of a component."""
    weights = {
        position: Weight(*terms) for position, *terms in rows.select("position_id", *_WEIGHT).unique().iter_rows()
    }
    why = _reasons(component, positions, weights)
    return rows.select(
        "statement_id",
        pl.col("position_id").replace_strict({one: kept for one, (kept, _) in why.items()}).alias("retained"),
        pl.col("position_id").replace_strict({one: reason for one, (_, reason) in why.items()}).alias("reason"),
    ).select(
        "statement_id",
        "retained",
        pl.when("retained").then(pl.lit("dominant")).otherwise(pl.lit("minority")).alias("stance"),
        "reason",
        pl.lit(digest, dtype=pl.Int64).alias("component_digest"),
    )


def _reasons(component: Sequence[int], positions: Positions, weights: dict[int, Weight]) -> dict[int, tuple[bool, str]]:
    """Whether every position is retained, and why: the nation's own first, then what foreign speakers say beside it."""
    graph, foreign = positions.graph, positions.foreign
    why: dict[int, tuple[bool, str]] = {}
    _settle(induced(graph, set(component) - foreign), weights, reasons.ONLY_FOREIGN, why)
    kept = {position for position, (retained, _) in why.items() if retained}
    others = set(component) & foreign
    why |= {position: (False, reasons.FOREIGN) for position in sorted(others) if graph[position] & kept}
    _settle(induced(graph, others - why.keys()), weights, reasons.COMPATIBLE, why)
    return why


def _settle(graph: Graph, weights: dict[int, Weight], alone: str, why: dict[int, tuple[bool, str]]) -> None:
    """Decide between the positions of one side; `alone` is the reason of those that none of them contradicts."""
    totals = {position: weights[position].total for position in graph}
    for part in components(graph):
        if len(part) == 1:
            why[part[0]] = True, alone
            continue
        stance = dominant_stance(part, graph, totals)
        for position in part:
            kept = position in stance.retained
            rivals = [weights[other] for other in sorted(graph[position] & stance.retained)]
            reason = (
                f"{reasons.DOMINANT}: {weights[position].shown(4)}"
                if kept
                else reasons.against(rivals, weights[position])
            )
            why[position] = kept, _within(stance) + reason


def _within(stance: Stance) -> str:
    """How far from the greatest weight an approximate decision may be."""
    return "" if stance.is_exact else f"within {1 - stance.weight / stance.bound:.1%} of it: "


def component_digest(rows: pl.DataFrame, component: Sequence[int], positions: Positions) -> int:
    """A hash of all that decides a component: its statements, what they weigh, and who contradicts whom."""
    edges = [(node, other) for node in component for other in sorted(positions.graph[node]) if node < other]
    parts = (
        rows.select("statement_id", "position_id").to_numpy(),
        rows.select(pl.col(_WEIGHT).cast(pl.Float32)).to_numpy(),
        np.array(edges, dtype=np.int64),
        np.array([node in positions.foreign for node in component]),
    )
    return xxhash.xxh3_64_intdigest(b"".join(part.tobytes() for part in parts), seed=DECISION_VERSION) - (1 << 63)
