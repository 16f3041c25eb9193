"""`navab release`: write what is live as a release."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from navab.commands.arguments import configured
from navab.commands.console import show
from navab.commands.opening import check_not_empty, open_view, unfinished_work
from navab.publish import publish
from navab.view import View


@click.command()
@configured
def release(config: Path | None, settings: tuple[str, ...]) -> None:
    """Write what is live as a release: Arrow shards, dataset card, lm-eval tasks, preferences, manifest.

    \b
    Examples:
      navab release --config navab.yaml
      navab release --config navab.yaml --set release.name=2026-11
      navab release --config navab.yaml --set release.without_conflict_reduction=true
    """
    view = open_view(config, settings)
    check_not_empty(view)
    publish_release(view)


def publish_release(view: View) -> None:
    """Release what is live and say what came out."""
    unfinished = unfinished_work(view)
    if unfinished:
        print(f"navab: warning: {unfinished}", file=sys.stderr)
    published = publish(view)
    rows: dict[str, int] = {}
    for shard in published.manifest.shards:
        rows[shard.subset] = rows.get(shard.subset, 0) + shard.rows
    subsets = ", ".join(f"{name} {count:,}" for name, count in rows.items())
    state = "new" if published.new else "unchanged"
    show(f"release {published.manifest.name} ({state}): {published.uri}; triples by subset: {subsets}")
