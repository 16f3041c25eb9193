"""`navab status`: tables, counts, what was refused and why."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from navab import summary
from navab.commands.arguments import configured
from navab.commands.console import new_table, show
from navab.commands.opening import open_view, unfinished_work
from navab.commands.summary import show_summary
from navab.execution.runs import last_run
from navab.lake.as_of import parse_as_of, snapshots_as_of
from navab.maintenance import cited_versions
from navab.release.build import ReleaseOptions
from navab.release.find import FoundRelease, all_releases
from navab.release.manifest import Manifest
from navab.view import View


@click.command()
@configured
@click.option(
    "--as-of",
    multiple=True,
    metavar="VERSION|TIME",
    help="Show the lake as it was: a table version, a time (ISO 8601, UTC), or TABLE=VERSION; repeatable.",
)
def status(config: Path | None, settings: tuple[str, ...], as_of: tuple[str, ...]) -> None:
    """Show tables, versions, live rows, rejections by reason, releases and the last run.

    \b
    Examples:
      navab status --config navab.yaml
      navab status --config navab.yaml --as-of 2026-11-05T14:30
      navab status --config navab.yaml --as-of 12 --as-of triples=8
    """
    view = open_view(config, settings)
    if as_of:
        _look_back(view, as_of)
    table = new_table("table", "version", "rows", "live")
    states = summary.tables(view)
    for state in states:
        table.add_row(
            state.name, str(state.version), f"{state.rows:,}", "" if state.live is None else f"{state.live:,}"
        )
    if not states:
        show(f"lake {view.lake.storage.root} holds no tables yet: start `navab run`")
        return
    show(table)
    show_summary(view)
    refused = new_table("table", "nation", "rejected because", "rows")
    for one in summary.rejections(view):
        refused.add_row(one.stage, one.nation, one.reason, f"{one.count:,}")
    show(refused)
    if as_of:
        return
    show_releases(all_releases(view.lake.storage))
    unfinished = unfinished_work(view)
    if unfinished:
        show(unfinished)
    last = last_run(view.lake.storage)
    if last is not None:
        show(f"last run: {last.command}, {last.started_at:%Y-%m-%d %H:%M:%S} UTC, {last.seconds:.1f} s, {last.outcome}")


def show_releases(found: Sequence[FoundRelease]) -> None:
    """One line a release, the earliest first."""
    if not found:
        return
    table = new_table("release", "made", "rows", "state")
    for one in found:
        manifest = one.manifest
        rows = sum(shard.rows for shard in manifest.shards)
        table.add_row(manifest.name, f"{manifest.created_at:%Y-%m-%d %H:%M}", f"{rows:,}", _state(manifest))
    show(table)


def _state(manifest: Manifest) -> str:
    if manifest.withdrawn is not None:
        return f"withdrawn, {manifest.withdrawn.replaced_by or 'nothing'} replaces it"
    return "" if manifest.benchmark == ReleaseOptions.benchmark else f"imported: {manifest.benchmark}"


def _look_back(view: View, as_of: Sequence[str]) -> None:
    """Pin the view to earlier versions of the tables."""
    view.pin(snapshots_as_of(view.lake, parse_as_of(as_of), cited_versions(view)))
