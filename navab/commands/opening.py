"""Opening a lake for a command: to read it, or under its claim to write it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from navab import pipeline
from navab.configuration import Configuration, load_configuration
from navab.errors import ConfigurationError
from navab.lake.claim import Claim
from navab.lake.evolution import check_schema, evolve
from navab.view import View

DEFAULT_FILE = Path("navab.yaml")


def read_configuration(config: Path | None, settings: Sequence[str]) -> Configuration:
    """The configuration of a command; without `config`, that of navab.yaml if it exists."""
    if config is None and DEFAULT_FILE.exists():
        config = DEFAULT_FILE
    return load_configuration(config, settings)


def open_view(config: Path | None, settings: Sequence[str], *, to_write: bool = False) -> View:
    """A view of the lake of a configuration, whose address and schemas have been checked.

    A command that is `to_write` is refused before the tables are opened if another run holds the lake.
    """
    configuration = read_configuration(config, settings)
    lake = pipeline.open_lake(configuration)
    lake.check_address()
    if to_write:
        lake.check_free()
    snapshots = lake.snapshots()
    check_schema(lake, snapshots.values())
    view = pipeline.open_view(configuration, lake)
    view.pin(snapshots)
    return view


@contextmanager
def writing(view: View, command: str) -> Iterator[Claim]:
    """Claim the lake and bring its tables to the declared schemas before anything else is written."""
    with view.lake.claim(command) as claim:
        evolved = evolve(view.lake, claim)
        for change in evolved.changes:
            print(f"lake: table {change.table}: {change.text}", file=sys.stderr)
        view.pin(evolved.snapshots)  # what was opened before the claim may have changed
        yield claim


def check_not_empty(view: View) -> None:
    """Raise ConfigurationError if nothing has been run yet."""
    if view.snapshot("articles").version < 0:
        raise ConfigurationError(f"lake {view.lake.storage.root} holds no tables yet: start `navab run`")


def unfinished_work(view: View) -> str | None:
    """A sentence on what is pending, if anything is."""
    pending = {stage: rows for stage, rows in pipeline.pending_rows(view).items() if rows}
    if not pending:
        return None
    stages = ", ".join(f"{stage} ({rows:,})" for stage, rows in pending.items())
    return f"Work is pending in {stages}: counts and releases are of what is live until `navab run` has finished."
