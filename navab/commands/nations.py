"""`navab nations`: the nation registry."""

from __future__ import annotations

import click

from navab.commands.console import new_table, show
from navab.nations.registry import Registry


@click.group(invoke_without_command=True)
@click.pass_context
def nations(context: click.Context) -> None:
    """The nation registry.

    \b
    Examples:
      navab nations list
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


@nations.command("list")
def nations_list() -> None:
    """List the nations that navab knows, with languages and official sources.

    \b
    Examples:
      navab nations list
    """
    table = new_table("code", "nation", "languages", "official sources")
    for nation in Registry.bundled().nations.values():
        outlets = ", ".join(outlet.name for outlet in nation.official_sources)
        table.add_row(nation.code, nation.name, ", ".join(nation.languages), outlets)
    show(table)
