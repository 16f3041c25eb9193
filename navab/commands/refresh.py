"""`navab refresh`: what a schedule runs. Reads what is new, and releases what has changed and passes the gates."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import click

from navab import pipeline
from navab import refresh as refreshing
from navab.commands.arguments import configured
from navab.commands.console import show
from navab.commands.forget import complete_takedowns
from navab.commands.opening import open_view, writing
from navab.commands.run import check_models, run_recorded
from navab.errors import GateError, NothingNewError
from navab.execution.ray_connection import RayConnection
from navab.execution.runs import RunRecord
from navab.lake.claim import Claim
from navab.publish import next_name, publish
from navab.release.changelog import Refreshed, change_summary
from navab.view import View


@click.command()
@configured
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Write the summary here as well.")
@click.pass_obj
def refresh(ray: RayConnection | None, config: Path | None, settings: tuple[str, ...], output: Path | None) -> None:
    """Scheduled run: read what is new, release only what has changed and passes the gates.

    What a release would hold now is compared with the last release; the change summary, a page of Markdown, goes to
    LAKE/refreshes. With `{date}` in the path of a source, every crawl that has arrived since is read.

    \b
    Examples:
      navab refresh --config navab.yaml
      navab refresh --config navab.yaml --output changes.md
      navab refresh --config navab.yaml --set gates.min_triples=100 --set refresh.keep_releases=5

    \b
    Exit codes: 0 released; 10 nothing new; 11 a quality gate failed, nothing was released;
    75 another run holds the lake; others as for `navab run`.
    """
    view = open_view(config, settings, to_write=True)
    check_models(view)
    with writing(view, "refresh") as claim:
        complete_takedowns(view, claim)
        record = run_recorded(view, claim, "refresh", ray=ray)
        if refreshing.waits_for_a_crawl(view):
            raise NothingNewError(f"no crawl has arrived yet: {', '.join(refreshing.patterns(view))} match no file")
        claim.enter_stage("release")
        refreshed = _release(view, claim, _examine(view, record), output)
    if refreshed.failed:
        gates = "; ".join(gate.describe() for gate in refreshed.failed)
        raise GateError(f"not released: {gates}; see {_page(view, refreshed)}")
    if refreshed.release is None:
        raise NothingNewError(f"nothing new: release {refreshed.predecessor or 'none'} stays as it is")
    show(f"released {refreshed.release}; change summary: {_page(view, refreshed)}")


def _examine(view: View, record: RunRecord) -> Refreshed:
    """Compare the lake with the last release."""
    last = refreshing.predecessor(view)
    snapshots = refreshing.snapshots_of(view.lake, last) if last is not None else None
    before = None
    if snapshots is not None:
        before = pipeline.open_view(view.configuration, view.lake)
        before.pin(snapshots)
    equations = pipeline.check_conservation(view)
    examined = refreshing.examine(view, before, last, equations, started_at=record.started_at, engine=record.engine)
    return dataclasses.replace(examined, seconds=record.seconds)


def _release(view: View, claim: Claim, refreshed: Refreshed, output: Path | None) -> Refreshed:
    """Release what may be released, and write the page.

    The page comes first, under the release's name: if this process is killed between the two, the next refresh
    releases under the same name and writes the page anew.
    """
    if not refreshed.changes.any and not refreshed.failed:
        return refreshed
    if not refreshed.failed:
        refreshed = dataclasses.replace(refreshed, release=next_name(view))
        _write(view, refreshed, output)
        claim.check()
        published = publish(view)
        removed = refreshing.remove_old(view, view.configuration.refresh.keep_releases)
        refreshed = dataclasses.replace(refreshed, release=published.manifest.name, removed=removed)
    _write(view, refreshed, output)
    show(change_summary(refreshed))
    return refreshed


def _write(view: View, refreshed: Refreshed, output: Path | None) -> None:
    page = change_summary(refreshed)
    storage = view.lake.storage
    storage.write_bytes(storage.path(*refreshing.page_of(refreshed)), page.encode())
    if output is not None:
        output.write_text(page, "utf-8")


def _page(view: View, refreshed: Refreshed) -> str:
    return view.lake.storage.uri(*refreshing.page_of(refreshed))
