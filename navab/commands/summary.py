"""The table of what came out, which several commands end with."""

from __future__ import annotations

from navab.commands.console import new_table, show
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
