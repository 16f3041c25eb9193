"""Bars: widths are shares, and nothing that is rejected disappears from them."""

from __future__ import annotations

from navab.report.charts import MOST_REASONS, OTHER_REASONS, funnel_steps, percent, rejection_stacks
from navab.report.data import Rejection, ReportData


def test_articles_and_statements_have_scales_of_their_own(data: ReportData) -> None:
    steps = {step.label: step for step in funnel_steps(data.funnels[0])}
    assert steps["read"].width == 100
    assert steps["extracted"].width == 100
    assert steps["value-sensitive"].width == 20
    assert steps["value-sensitive"].kept == 25


def test_retained_statements_and_triples_are_shares_of_the_same(data: ReportData) -> None:
    steps = {step.label: step for step in funnel_steps(data.funnels[0])}
    assert steps["with triple"].kept == 90
    assert steps["retained"].kept == percent(270, 280)


def test_an_empty_nation_has_empty_bars(data: ReportData) -> None:
    assert {(step.count, step.width, step.kept) for step in funnel_steps(data.funnels[1])} == {(0, 0, None)}


def test_rare_reasons_are_put_together_and_none_is_lost() -> None:
    rows = [
        Rejection(stage="statements", reason=f"reason {number}", nation=nation, count=number + 1)
        for number in range(MOST_REASONS + 3)
        for nation in ("cn", "uk")
    ]
    (stage,) = rejection_stacks(rows)
    assert len(stage.legend) == MOST_REASONS + 1
    assert stage.legend[-1].label == OTHER_REASONS
    assert sum(segment.count for segment in stage.legend) == sum(row.count for row in rows)
    for bar in stage.bars:
        assert sum(segment.count for segment in bar.segments) == bar.count
        assert abs(sum(segment.width for segment in bar.segments) - 100) < 0.1


def test_a_reason_has_one_colour_in_all_bars_of_its_stage() -> None:
    rows = [
        Rejection(stage="articles", reason="language", nation="cn", count=1),
        Rejection(stage="articles", reason="too_short", nation="cn", count=5),
        Rejection(stage="articles", reason="language", nation="uk", count=3),
    ]
    (stage,) = rejection_stacks(rows)
    shades = {(segment.label, segment.shade) for bar in stage.bars for segment in bar.segments}
    assert shades == {("too_short", 0), ("language", 1)}


def test_nothing_rejected_gives_no_bars() -> None:
    assert rejection_stacks([]) == []
