"""`navab maintain`: clean a lake up."""

from __future__ import annotations

from pathlib import Path

import click

from navab import maintenance
from navab.commands.arguments import configured
from navab.commands.console import new_table, show
from navab.commands.forget import complete_takedowns
from navab.commands.opening import check_not_empty, open_view, writing


@click.command()
@configured
def maintain(config: Path | None, settings: tuple[str, ...]) -> None:
    """Remove superseded rows, merge small files and delete old versions beyond the retention.

    Files that were never committed, what was taken down (`navab forget`) and the files of withdrawn releases go at
    once. Versions that a release cites stay.

    \b
    Examples:
      navab maintain --config navab.yaml
      navab maintain --config navab.yaml --set maintenance.retention_hours=24
    """
    view = open_view(config, settings, to_write=True)
    check_not_empty(view)
    with writing(view, "maintain") as claim:
        complete_takedowns(view, claim)
        done = maintenance.maintain(view, claim)
        releases = maintenance.clean_releases(view, claim)
    table = new_table("table", "rows removed", "files before", "files after", "old files deleted", "log files deleted")
    for one in done:
        counts = (one.rows_removed, one.files_before, one.files_after, one.files_deleted, one.log_files_deleted)
        table.add_row(one.table, *(f"{count:,}" for count in counts))
    show(table)
    for name, count in releases.items():
        show(f"release {name}: withdrawn or never finished, {count:,} files deleted")
