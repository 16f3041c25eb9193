"""Bars: counts turned into widths, free of HTML."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from navab.report.data import Funnel, Rejection

MOST_REASONS = 7
OTHER_REASONS = "other reasons"


@dataclass(frozen=True, slots=True)
class Step:
    """One bar of a funnel: `width` in percent of the widest of its unit, `kept` of what it comes from."""

    label: str
    unit: str
    count: int
    width: float
    kept: float | None


@dataclass(frozen=True, slots=True)
class Segment:
    """One piece of a stacked bar; `shade` numbers its colour."""

    label: str
    shade: int
    count: int
    width: float


@dataclass(frozen=True, slots=True)
class Stack:
    """The stacked bar of one nation; `width` in percent of the longest bar of its stage."""

    nation: str
    count: int
    width: float
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class StageStacks:
    """The stacked bars of one stage and their legend."""

    stage: str
    bars: tuple[Stack, ...]
    legend: tuple[Segment, ...]


def percent(part: float, whole: float) -> float:
    """Share in percent, 0 if there is nothing to share."""
    return round(100 * part / whole, 2) if whole else 0.0


def funnel_steps(funnel: Funnel) -> list[Step]:
    """Bars of one nation: articles on one scale, statements and their triples on another."""
    sound = funnel.quoted + funnel.official
    return [
        *_steps(
            "articles",
            ("read", funnel.articles, None),
            ("accepted", funnel.accepted, funnel.articles),
            ("distinct", funnel.canonical, funnel.accepted),
            ("value-sensitive", funnel.sensitive, funnel.canonical),
            ("read by engine", funnel.extracted, funnel.sensitive),
        ),
        *_steps(
            "statements",
            ("extracted", funnel.statements, None),
            ("sound, distinct", sound, funnel.statements),
            ("retained", funnel.retained, sound),
            ("with triple", funnel.triples, sound),  # lost conflicts keep their triple
        ),
    ]


def _steps(unit: str, *counts: tuple[str, int, int | None]) -> list[Step]:
    """Bars of one scale from label, count and the count that it is a share of."""
    widest = max(count for _, count, _ in counts)
    return [
        Step(label, unit, count, percent(count, widest), percent(count, base) if base else None)
        for label, count, base in counts
    ]


def rejection_stacks(rejections: Iterable[Rejection]) -> list[StageStacks]:
    """Stacked bars by stage, one a nation, divided by reason; the stages stay in their order."""
    stages: defaultdict[str, defaultdict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for row in rejections:
        stages[row.stage][row.nation][row.reason] += row.count
    return [_stage_stacks(stage, nations) for stage, nations in stages.items()]


def _stage_stacks(stage: str, nations: Mapping[str, Counter[str]]) -> StageStacks:
    """Give the commonest reasons of a stage a colour each, and the others one together."""
    totals: Counter[str] = Counter()
    for reasons in nations.values():
        totals.update(reasons)
    commonest = sorted(totals, key=lambda reason: (-totals[reason], reason))[:MOST_REASONS]
    shades = {reason: shade for shade, reason in enumerate(commonest)}
    longest = max(reasons.total() for reasons in nations.values())
    bars = [
        Stack(nation, reasons.total(), percent(reasons.total(), longest), _segments(reasons, shades))
        for nation, reasons in nations.items()
    ]
    return StageStacks(stage, tuple(bars), _segments(totals, shades))


def _segments(reasons: Counter[str], shades: Mapping[str, int]) -> tuple[Segment, ...]:
    """Divide a bar; reasons without a colour of their own are put together at its end."""
    named = [(shades[reason], reason, count) for reason, count in reasons.items() if reason in shades]
    others = reasons.total() - sum(count for _, _, count in named)
    if others:
        named.append((MOST_REASONS, OTHER_REASONS, others))
    total = reasons.total()
    return tuple(Segment(reason, shade, count, percent(count, total)) for shade, reason, count in sorted(named))
