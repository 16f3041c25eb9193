"""Positions: statements that say the same are one, with whatever contradicts one of them.

What is said at home and what foreign speakers say are told apart: a foreigner's statement is no support of the
nation's own, and does not bring two of them together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from navab.conflict.graph import Graph, build_graph, components, induced
from navab.lake import joins

Pair = tuple[int, int]


@dataclass(frozen=True)
class Positions:
    """The positions of a nation, each named after its smallest statement, and which contradict each other.

    `members` has every statement (statement_id, position_id, component_id, side_id): the conflict that its position
    belongs to, null without one, and the part of it among its own side. A foreign position contradicts as well what
    contradicts the nation's own that it restates.
    """

    members: pl.DataFrame
    graph: Graph
    foreign: frozenset[int]
    components: tuple[tuple[int, ...], ...]

    @classmethod
    def among(cls, statements: pl.DataFrame, pairs: pl.DataFrame) -> Positions:
        """Of statements (statement_id, speaker_nation) and judged pairs (left_id, right_id, verdict, confidence)."""
        is_foreign = pl.col("speaker_nation").eq_missing("foreign")
        said = statements.select("statement_id", is_foreign.alias("foreign"))
        entailed = _of_sides(pairs.filter(pl.col("verdict") == "entailment"), said)
        against = pairs.filter(pl.col("verdict") == "contradiction")
        same_side = pl.col("left_foreign") == pl.col("right_foreign")
        members = said.join(_joined(said["statement_id"], entailed.filter(same_side), against), on="statement_id")
        foreign = frozenset(members.filter("foreign")["position_id"])
        graph = build_graph(_between(against, members))
        across = _between(entailed.filter(~same_side), members)
        restated = {(a, b) if b in foreign else (b, a) for a, b in across}
        graph = build_graph([*_edges(graph), *sorted(_implied(graph, restated, foreign))])
        found = tuple(map(tuple, components(graph)))
        sides = [
            *components(induced(graph, graph.keys() - foreign)),
            *components(induced(graph, graph.keys() & foreign)),
        ]
        numbered = members.join(_numbers(found, "component_id"), on="position_id", how="left").join(
            _numbers(sides, "side_id"), on="position_id", how="left"
        )
        placed = numbered.with_columns(pl.coalesce("side_id", "position_id").alias("side_id")).drop("foreign")
        return cls(placed, graph, foreign, found)


def _of_sides(pairs: pl.DataFrame, said: pl.DataFrame) -> pl.DataFrame:
    for side in ("left", "right"):
        own = said.select(pl.col("statement_id").alias(f"{side}_id"), pl.col("foreign").alias(f"{side}_foreign"))
        pairs = pairs.join(own, on=f"{side}_id")
    return pairs


def _joined(ids: pl.Series, entailed: pl.DataFrame, against: pl.DataFrame) -> pl.DataFrame:
    """The position of every statement: those connected by entailment, if none of them contradicts another one.

    Those that do are put together pair by pair, the surest first, as long as no two in a position contradict each
    other.
    """
    order = ids.sort()
    rows = {side: np.searchsorted(order.to_numpy(), entailed[side].to_numpy()) for side in ("left_id", "right_id")}
    labels = joins.components(rows["left_id"], rows["right_id"], len(order))
    grouped = pl.DataFrame({"statement_id": order, "label": labels})
    named = grouped.with_columns(pl.col("statement_id").min().over("label").alias("position_id"))
    label_of = grouped.rename({"statement_id": "left_id"})
    torn = (
        against.select("left_id", "right_id")
        .join(label_of, on="left_id")
        .join(label_of.rename({"left_id": "right_id"}), on=["right_id", "label"])
    )
    if torn.is_empty():
        return named.drop("label")
    apart = named.filter(pl.col("label").is_in(torn["label"].implode()))["statement_id"]
    surest = entailed.filter(pl.col("left_id").is_in(apart.implode())).sort(
        "confidence", "left_id", "right_id", descending=[True, False, False]
    )
    inside = build_graph(torn.select("left_id", "right_id").rows())
    position = _join_one_by_one(surest.select("left_id", "right_id").rows(), inside)
    again = pl.DataFrame({"statement_id": apart, "again": [position.get(one, one) for one in apart]})
    placed = named.join(again, on="statement_id", how="left")
    return placed.select("statement_id", pl.coalesce("again", "position_id").alias("position_id"))


def _join_one_by_one(pairs: Sequence[Pair], against: Graph) -> dict[int, int]:
    """The position of every statement of the pairs, which are joined in their order."""
    members: dict[int, set[int]] = {one: {one} for pair in pairs for one in pair}
    rivals: dict[int, set[int]] = {one: set(against.get(one, ())) for one in members}
    for left, right in pairs:
        small, large = sorted((left, right), key=lambda one: len(members[one]))
        if members[small] is members[large] or rivals[small] & members[large]:
            continue
        members[large] |= members[small]
        rivals[large] |= rivals[small]
        for one in members[small]:
            members[one], rivals[one] = members[large], rivals[large]
    return {one: min(position) for one, position in members.items()}


def _between(pairs: pl.DataFrame, members: pl.DataFrame) -> list[Pair]:
    """The positions of both statements of every pair."""
    for side in ("left", "right"):
        own = members.select(pl.col("statement_id").alias(f"{side}_id"), pl.col("position_id").alias(side))
        pairs = pairs.join(own, on=f"{side}_id")
    return pairs.select("left", "right").unique().sort("left", "right").rows()


def _edges(graph: Graph) -> Iterator[Pair]:
    return ((node, other) for node in sorted(graph) for other in sorted(graph[node]) if node < other)


def _implied(graph: Graph, restated: set[Pair], foreign: frozenset[int]) -> Iterator[Pair]:
    """Contradictions over the border that follow from what foreign positions restate: pairs of own and foreign.

    Where they say that a position restates another one, that holds.
    """
    for own, other in restated:
        found = [(rival, other) for rival in graph.get(own, ()) if rival not in foreign]
        found += [(own, rival) for rival in graph.get(other, ()) if rival in foreign]
        yield from (pair for pair in found if pair not in restated)


def _numbers(groups: Sequence[Sequence[int]], name: str) -> pl.DataFrame:
    """The smallest position of its group, of every position that is in one."""
    rows: Mapping[int, int] = {position: group[0] for group in groups for position in group}
    schema = {"position_id": pl.Int64, name: pl.Int64}
    return pl.DataFrame({"position_id": list(rows), name: list(rows.values())}, schema=schema)
