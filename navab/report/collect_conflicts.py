"""The conflicts of a report: what contradicts what, who is behind either side, and what decided."""

from __future__ import annotations

from typing import Any

import polars as pl

from navab.report.data import Conflict, ConflictSide
from navab.stages.base import select
from navab.view import View

LARGEST_CONFLICTS = 40
_SIDE = ("text", "evidence", "source_type", "speaker", "source", "published_at", "article_id", "language")


def largest_conflicts(view: View) -> tuple[tuple[Conflict, ...], int]:
    """The conflicts with most outlets behind the two sides that are shown, and how many conflicts there are.

    A conflict is a component of statements that contradict each other. It is shown by the contradiction of a retained
    statement with one that is not that has most outlets behind it, the nearest of several.
    """
    if not view.configuration.conflicts.enabled:
        return (), 0
    decided = view.current("resolutions", "component_id", "support", "weight", "retained", "reason")
    components = decided.group_by("component_id").agg(pl.len().alias("component_size"))
    opposed = pl.col("left_retained") != pl.col("right_retained")
    support = pl.col("left_support") + pl.col("right_support")
    shown = (
        _contradictions(view, decided)
        .sort(opposed, support, "similarity", "left_id", descending=[True, True, True, False])
        .group_by("component_id", maintain_order=True)
        .agg(pl.all().first(), pl.len().alias("contradictions"))
        .join(components, on="component_id")
    )
    largest = shown.sort(support, "component_id", descending=[True, False]).head(LARGEST_CONFLICTS)
    texts = _statements(view, pl.concat([largest["left_id"], largest["right_id"]]).unique())
    return tuple(_conflict(row, texts) for row in largest.iter_rows(named=True)), shown.height


def _contradictions(view: View, decided: pl.DataFrame) -> pl.DataFrame:
    """Contradicting pairs, with what was decided on either side as left_ and right_ columns."""
    columns = ("similarity", "verdict", "judge", "parties", "reason")
    judged = view.current("conflicts", *columns).rename({"reason": "cue"})
    pairs = judged.filter(pl.col("verdict") == "contradiction")
    sides = decided.drop("_file", "fingerprint", "nation")
    for side in ("left", "right"):
        names = {name: f"{side}_{name}" for name in sides.columns} | {"statement_id": f"{side}_id"}
        pairs = pairs.join(sides.rename(names), on=f"{side}_id")
    return pairs.rename({"left_component_id": "component_id"})


def _statements(view: View, ids: pl.Series) -> dict[int, dict[str, Any]]:
    found = select(view, "statements", view.located("statements"), ids, _SIDE).read(view.lake.storage)
    return {row["statement_id"]: row for row in found.iter_rows(named=True)}


def _conflict(row: dict[str, object], texts: dict[int, dict[str, Any]]) -> Conflict:
    left, right = (_side(row, side, texts[int(str(row[f"{side}_id"]))]) for side in ("left", "right"))
    minority = "left" if not row["left_retained"] else "right"
    return Conflict(
        nation=str(row["nation"]),
        language=str(texts[int(str(row["left_id"]))]["language"]),
        left=left,
        right=right,
        reason=str(row[f"{minority}_reason"]),
        component_size=int(str(row["component_size"])),
        contradictions=int(str(row["contradictions"])),
        parties=None if row["parties"] is None else str(row["parties"]),
        judge=str(row["judge"]),
        verdict=None if row["cue"] is None else str(row["cue"]),
    )


def _side(row: dict[str, object], side: str, text: dict[str, Any]) -> ConflictSide:
    return ConflictSide(
        statement=str(text["text"]),
        evidence=str(text["evidence"]),
        retained=bool(row[f"{side}_retained"]),
        source_type=text["source_type"],
        speaker=text["speaker"],
        source=text["source"],
        published_at=text["published_at"],
        support=int(str(row[f"{side}_support"])),
        weight=float(str(row[f"{side}_weight"])),
    )
