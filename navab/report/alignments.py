"""Alignments in the report: what trainings have changed, and their curves as lines; filled from a lake."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from navab.alignment.summary import Summary, summarise
from navab.alignment.training import Point, TrainingRecord, read_trainings
from navab.lake.lake import Lake
from navab.nations.registry import Registry
from navab.release.find import lake_releases

WIDTH, HEIGHT = 640, 160
_MARGIN = 8


@dataclass(frozen=True, slots=True)
class Line:
    """The loss of one training as the points of an SVG polyline."""

    name: str
    points: str
    last: float


@dataclass(frozen=True, slots=True)
class Curves:
    """The lines of a setting's trainings on common axes: steps to `steps`, loss from 0 to `most`."""

    lines: tuple[Line, ...]
    steps: int
    most: float


@dataclass(frozen=True, slots=True)
class AlignmentBoard:
    """One setting as the report shows it; `curves` are None where nothing was logged."""

    summary: Summary
    curves: Curves | None


def alignments(lake: Lake, registry: Registry) -> tuple[AlignmentBoard, ...]:
    """All settings that were trained and measured on releases of the lake."""
    records = read_trainings(lake.storage)
    found = summarise(lake, registry, records, lake_releases(lake.storage)) if records else []
    return tuple(AlignmentBoard(one, curves(one.records)) for one in found)


def curves(records: Sequence[TrainingRecord]) -> Curves | None:
    """The curves of some trainings; None if none has a point."""
    logged = [record for record in records if record.curve]
    if not logged:
        return None
    steps = max(record.curve[-1].step for record in logged)
    most = max(point.loss for record in logged for point in record.curve)
    lines = (Line(record.name, _polyline(record.curve, steps, most), record.curve[-1].loss) for record in logged)
    return Curves(tuple(lines), steps, most)


def _polyline(points: Sequence[Point], steps: int, most: float) -> str:
    wide, high = WIDTH - 2 * _MARGIN, HEIGHT - 2 * _MARGIN
    return " ".join(
        f"{_MARGIN + wide * point.step / steps:.1f},{_MARGIN + high * (1 - point.loss / (most or 1)):.1f}"
        for point in points
    )
