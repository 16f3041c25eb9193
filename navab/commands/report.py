"""`navab report`: one HTML page on a lake."""

from __future__ import annotations

from pathlib import Path

import click

from navab import pipeline
from navab.commands.arguments import configured
from navab.commands.console import show
from navab.commands.opening import check_not_empty, open_view, unfinished_work
from navab.execution.runs import last_run
from navab.publish import unofficial_share
from navab.report.collect import collect
from navab.report.page import render_report
from navab.view import View

_REPORT = ("reports", "report.html")  # in a lake


@click.command()
@configured
@click.option("--output", metavar="FILE", help="Where to write it (default: LAKE/reports/report.html).")
def report(config: Path | None, settings: tuple[str, ...], output: str | None) -> None:
    """Write one self-contained HTML page: funnels, rejections, topics, triples, conflicts, checks.

    \b
    Examples:
      navab report --config navab.yaml
      navab report --config navab.yaml --output report.html
    """
    view = open_view(config, settings)
    check_not_empty(view)
    page = render_page(view)
    if output is not None:
        Path(output).write_text(page, "utf-8")
    else:
        output = view.lake.storage.uri(*_REPORT)
        view.lake.storage.write_bytes(view.lake.storage.path(*_REPORT), page.encode())
        if view.lake.table("takedowns").snapshot().version != view.snapshot("takedowns").version:
            renew_report(open_view(config, settings))  # a takedown may have renewed it before this one was written
    show(f"report: {output}")


def renew_report(view: View) -> None:
    """Write the lake's report again if it has one."""
    storage = view.lake.storage
    path = storage.path(*_REPORT)
    if storage.exists(path):
        storage.write_bytes(path, render_page(view).encode())


def render_page(view: View) -> str:
    """The report on a lake as it stands."""
    last = last_run(view.lake.storage, changed=True)
    equations = pipeline.check_conservation(view)
    return render_report(collect(view, equations, last, _warnings(view)))


def _warnings(view: View) -> list[str]:
    warnings = []
    if view.configuration.engine.kind == "rules":
        warnings.append(
            "engine: rules (baseline): statements and reversals were made by lexicons, not by a language model"
        )
    warnings.append(
        "A quoted speaker is not a nation: who is cited by an outlet does not thereby speak for its country."
    )
    unfinished = unfinished_work(view)
    if unfinished:
        warnings.append(unfinished)
    share = unofficial_share(view)
    if share > 0:
        warnings.append(f"{100 * share:.0f} % of the articles come from outlets that are not official sources.")
    return warnings
