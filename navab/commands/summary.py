"""The table of what came out, which several commands end with."""

from __future__ import annotations

from navab.commands.console import new_table, show
from navab.execution.runs import RunRecord
from navab.summary import funnels, judge_shares, unknown_nation_records
from navab.view import View


def show_summary(view: View) -> None:
    table = new_table(
        "nation",
        "articles",
        "accepted",
        "duplicates",
        "sensitive",
        "quoted",
        "official",
        "contradictions",
        "removed",
        "triples",
    )
    for one in funnels(view):
        counts = (
            one.articles,
            one.accepted,
            one.duplicates,
            one.sensitive,
            one.quoted,
            one.official,
            one.contradictions,
            one.quoted + one.official - one.retained,
            one.triples,
        )
        table.add_row(one.nation, *(f"{count:,}" for count in counts))
    show(table)
    for share in judge_shares(view):
        show(
            f"judge {share.judge}: {share.pairs:,} candidate pairs, {share.contradictions:,} contradictions, "
            f"{share.entailments:,} restatements, {share.undecided:,} left undecided"
        )
    unknown = unknown_nation_records(view)
    if unknown:
        show(
            f"{unknown:,} readable records belong to no nation that navab knows: set `nation` of their source, or "
            "`columns.nation` to the field that names it"
        )


def show_rates(record: RunRecord) -> None:
    """One line with what each step of a run did in a second; nothing if no step had anything to do."""
    rates = [f"{step.step} {step.rate:,.{_digits(step.rate)}f}" for step in record.steps if step.rows]
    if rates:
        show(f"rows a second: {', '.join(rates)}")


def _digits(rate: float) -> int:
    """Decimals with which a rate is shown: a model may need seconds a row."""
    return 0 if rate >= 10 else 2
