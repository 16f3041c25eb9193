"""`navab topics`: people's decisions on topics."""

from __future__ import annotations

from pathlib import Path

import click

from navab.commands.arguments import configured
from navab.commands.console import show
from navab.commands.opening import check_not_empty, open_view, writing
from navab.overrides import import_decisions
from navab.topics_csv import export_topics, read_decisions


@click.group(invoke_without_command=True)
@click.pass_context
def topics(context: click.Context) -> None:
    """Topics, and people's decisions on them.

    \b
    Examples:
      navab topics export topics.csv --config navab.yaml
      navab topics import topics.csv --config navab.yaml
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


@topics.command("export")
@configured
@click.argument("file", type=click.Path(path_type=Path))
def topics_export(config: Path | None, settings: tuple[str, ...], file: Path) -> None:
    """Write all topics to a CSV; a person fills in `decision` (yes or no) and `note`.

    \b
    Examples:
      navab topics export topics.csv --config navab.yaml
    """
    view = open_view(config, settings)
    check_not_empty(view)
    content = export_topics(view)
    file.write_text(content, "utf-8")
    show(
        f"{content.count(chr(10)) - 1:,} topics: {file}; fill in `decision` with yes or no, then `navab topics import`"
    )


@topics.command("import")
@configured
@click.argument("file", type=click.Path(path_type=Path))
def topics_import(config: Path | None, settings: tuple[str, ...], file: Path) -> None:
    """Take a filled-in CSV back; the next `navab run` follows it and extracts nothing anew.

    \b
    Examples:
      navab topics import topics.csv --config navab.yaml
    """
    view = open_view(config, settings, to_write=True)
    check_not_empty(view)
    with writing(view, "topics import") as claim:
        count = import_decisions(read_decisions(file, view), view, claim)
    show(f"{count:,} new decisions; the next `navab run` follows them")
