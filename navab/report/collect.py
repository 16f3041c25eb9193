"""Fill a report from a lake."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import polars as pl

from navab.execution.runs import RunRecord
from navab.report.alignments import alignments
from navab.report.collect_topics import assigned_articles, topic_changes, topics
from navab.report.data import (
    Check,
    Conflict,
    ConflictSide,
    ReportData,
    RunInformation,
    StageRun,
    TripleSample,
)
from navab.report.leaderboard import leaderboard
from navab.stages.base import Equation
from navab.summary import funnels, judge_shares, rejections, tables
from navab.view import View

SAMPLE_PER_NATION = 12
LARGEST_CONFLICTS = 40
_SIDE = ("text", "evidence", "source_type", "speaker", "source", "published_at", "article_id", "language")


def collect(view: View, equations: Sequence[Equation], last: RunRecord | None, warnings: Sequence[str]) -> ReportData:
    """Everything on the report's page, as the lake stands."""
    from navab import __version__  # noqa: PLC0415  (the package's own version, without a circle)

    triples, total = _triples(view)
    conflicts, conflicts_total = _conflicts(view)
    return ReportData(
        title="navab: benchmark of national values",
        lake=view.lake.storage.root,
        navab_version=__version__,
        made_at=datetime.now(UTC),
        records=view.current("articles").height,
        funnels=funnels(view),
        rejections=rejections(view),
        topics=topics(view),
        assigned=assigned_articles(view),
        topic_changes=topic_changes(view),
        checks=tuple(_check(equation) for equation in equations),
        triples=triples,
        triples_total=total,
        conflicts=conflicts,
        conflicts_total=conflicts_total,
        judges=judge_shares(view),
        tables=tables(view),
        run=_run(last) if last else None,
        warnings=tuple(warnings),
        boards=leaderboard(view.lake),
        alignments=alignments(view.lake, view.registry),
    )


def _check(equation: Equation) -> Check:
    name, _, _ = equation.name.partition(" = ")
    return Check(
        name=name,
        nation=equation.nation or "all",
        equation=equation.name,
        left=equation.left,
        right=equation.right,
        holds=equation.holds,
    )


def _run(last: RunRecord) -> RunInformation:
    stages = tuple(StageRun(stage=step.step, rows=step.rows, seconds=step.seconds) for step in last.steps)
    return RunInformation(
        started=last.started_at,
        seconds=last.seconds,
        engine=last.engine,
        configuration=last.configuration,
        stages=stages,
    )


def _triples(view: View) -> tuple[tuple[TripleSample, ...], int]:
    """A sample of the live triples of every nation, in the order of their ids, which are hashes."""
    live = view.live("triples", "triple_id")
    chosen = live.sort("triple_id").group_by("nation", maintain_order=True).head(SAMPLE_PER_NATION)
    columns = [
        "statement_id",
        "fingerprint",
        "nation",
        "language",
        "question",
        "statement",
        "reversed_statement",
        "evidence",
        "source_type",
        "split",
        "speaker",
        "speaker_nation",
        "source",
        "url",
        "published_at",
        "triple_id",
    ]
    stored = view.snapshot("triples").read(columns)
    rows = stored.join(chosen, on=["statement_id", "fingerprint"], how="semi").sort("nation", "triple_id")
    names = TripleSample.__dataclass_fields__
    samples = tuple(TripleSample(**{name: row[name] for name in names}) for row in rows.iter_rows(named=True))
    return samples, live.height


def _conflicts(view: View) -> tuple[tuple[Conflict, ...], int]:
    """The contradictions with most outlets behind them."""
    if not view.configuration.conflicts.enabled:
        return (), 0
    columns = ("component_id", "support", "weight", "retained", "reason")
    decided = view.current("resolutions", *columns).drop("_file", "fingerprint")
    judged = view.current("conflicts", "verdict", "judge", "parties", "reason")
    pairs = judged.filter(pl.col("verdict") == "contradiction").rename({"reason": "cue"})
    sizes = decided.group_by("component_id").len("component_size")
    sides = decided.join(sizes, on="component_id").drop("nation")
    left, right = (
        sides.rename({name: f"{side}_{name}" for name in sides.columns if name != "statement_id"}).rename(
            {"statement_id": f"{side}_id"}
        )
        for side in ("left", "right")
    )
    joined = (
        pairs.join(left, on="left_id")
        .join(right, on="right_id")
        .with_columns((pl.col("left_support") + pl.col("right_support")).alias("support"))
    )
    largest = joined.sort(["support", "left_id", "right_id"], descending=[True, False, False]).head(LARGEST_CONFLICTS)
    ids = pl.concat([largest["left_id"], largest["right_id"]]).unique()
    texts = _statements(view, ids)
    return tuple(_conflict(row, texts) for row in largest.iter_rows(named=True)), pairs.height


def _statements(view: View, ids: pl.Series) -> dict[int, dict[str, Any]]:
    current = view.current("statements").filter(pl.col("statement_id").is_in(ids.implode()))
    stored = view.snapshot("statements").read(["statement_id", "fingerprint", *_SIDE])
    rows = stored.join(current, on=["statement_id", "fingerprint"], how="semi")
    return {row["statement_id"]: row for row in rows.iter_rows(named=True)}


def _conflict(row: dict[str, object], texts: dict[int, dict[str, Any]]) -> Conflict:
    left, right = (_side(row, side, texts[int(str(row[f"{side}_id"]))]) for side in ("left", "right"))
    minority = "left" if not row["left_retained"] else "right"
    return Conflict(
        nation=str(row["nation"]),
        language=str(texts[int(str(row["left_id"]))]["language"]),
        left=left,
        right=right,
        reason=str(row[f"{minority}_reason"]),
        component_size=int(str(row["left_component_size"])),
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
