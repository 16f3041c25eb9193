"""`navab release`: write what is live as a release."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import click

from navab.commands.arguments import configured
from navab.commands.console import show
from navab.commands.opening import DEFAULT_FILE, check_not_empty, open_view, read_configuration, unfinished_work
from navab.errors import StorageError
from navab.lake.storage import Storage
from navab.pipeline import open_lake
from navab.publish import contradictions, publish
from navab.release.find import verify_release
from navab.view import View

_SHOWN = 5  # problems in one line


@click.command()
@configured
@click.option("--verify", "verified", metavar="RELEASE", help="Check a release, by name or address, and write none.")
def release(config: Path | None, settings: tuple[str, ...], verified: str | None) -> None:
    """Write what is live as a release: Arrow shards, dataset card, lm-eval tasks, preferences, manifest.

    \b
    Examples:
      navab release --config navab.yaml
      navab release --config navab.yaml --set release.name=2026-11
      navab release --config navab.yaml --set release.without_conflict_reduction=true
      navab release --config navab.yaml --verify 2026-11
      navab release --config navab.yaml --verify s3://bucket/copies/2026-11
    """
    if verified is not None:
        storage = _storage(config, settings, verified)
        check_release(verified, storage, lambda: contradictions(open_view(config, settings)))
        return
    view = open_view(config, settings)
    check_not_empty(view)
    publish_release(view)


def _storage(config: Path | None, settings: tuple[str, ...], release: str) -> Storage:
    """The storage of the configured lake; a release's address needs no lake."""
    if "/" in release and config is None and not settings and not DEFAULT_FILE.exists():
        return Storage(".")
    return open_lake(read_configuration(config, settings)).storage


def check_release(name: str, storage: Storage, known: Callable[[], Iterable[tuple[int, int]]]) -> None:
    """Say that a release is what its manifest says; raises StorageError naming what is not.

    `known` are the contradictions of the lake as it is configured now.
    """
    found = verify_release(storage, name, known)
    if not found.ok:
        listed = "; ".join(found.problems[:_SHOWN])
        more = f"; and {len(found.problems) - _SHOWN:,} more" if len(found.problems) > _SHOWN else ""
        raise StorageError(f"release {name} is not what its manifest says: {listed}{more}; copy or release it anew")
    show(f"release {name}: {found.shards:,} shards with {found.rows:,} rows are what the manifest says")


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
