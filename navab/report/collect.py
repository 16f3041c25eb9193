"""Fill a report from a lake."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from navab.execution.runs import RunRecord
from navab.report.alignments import alignments
from navab.report.collect_conflicts import largest_conflicts
from navab.report.collect_topics import assigned_articles, topic_changes, topics
from navab.report.data import (
    Check,
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


def collect(view: View, equations: Sequence[Equation], last: RunRecord | None, warnings: Sequence[str]) -> ReportData:
    """Everything on the report's page, as the lake stands."""
    from navab import __version__  # noqa: PLC0415  (the package's own version, without a circle)

    triples, total = _triples(view)
    conflicts, conflicts_total = largest_conflicts(view)
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
    stages = tuple(StageRun(stage=step.step, rows=step.handled, seconds=step.seconds) for step in last.steps)
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
