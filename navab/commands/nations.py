"""`navab nations`: the nations that navab knows, a template for a new one, and what is missing for it."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import click

from navab.commands.arguments import configured
from navab.commands.console import new_table, show
from navab.commands.opening import DEFAULT_FILE, read_configuration
from navab.configuration import Configuration
from navab.coverage import check_nation
from navab.errors import ConfigurationError
from navab.nations.files import LEXICONS, read_registry
from navab.nations.registry import Nation, Registry
from navab.nations.template import lexicon_template, nation_template


@click.group(invoke_without_command=True)
@click.pass_context
def nations(context: click.Context) -> None:
    """The nation registry: list it, add a nation, check what one lacks.

    Your own nations lie in the folder `nations_dir`, beside those that come with navab.

    \b
    Examples:
      navab nations list
      navab nations new es                       write a commented template
      navab nations check es                     tell what is missing
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


@nations.command("list")
@configured
def nations_list(config: Path | None, settings: tuple[str, ...]) -> None:
    """List the nations that navab knows, with languages and official sources.

    \b
    Examples:
      navab nations list
    """
    bundled = Registry.bundled().nations
    folder = _configuration(config, settings).nations_dir
    table = new_table("code", "nation", "languages", "from", "official sources")
    for nation in read_registry(folder).nations.values():
        outlets = ", ".join(outlet.name for outlet in nation.official_sources)
        origin = "navab" if nation == bundled.get(nation.code) and not nation.own_lexicons else folder
        table.add_row(nation.code, nation.name, ", ".join(nation.languages), origin, outlets)
    show(table)


@nations.command("new")
@configured
@click.argument("code")
@click.option("--name", help="Name of the nation, where its code does not tell it.")
@click.option(
    "--language", "languages", multiple=True, metavar="CODE", help="ISO 639-1; repeatable (default: by its code)."
)
def nations_new(
    config: Path | None, settings: tuple[str, ...], code: str, name: str | None, languages: tuple[str, ...]
) -> None:
    """Write a commented template of a nation's file, and of a lexicon where a language has none.

    A nation that comes with navab is copied, to be changed.

    \b
    Examples:
      navab nations new es
      navab nations new be --language nl --language fr
      navab nations new eu --name "European Union" --language en
    """
    configuration = _configuration(config, settings)
    folder = Path(configuration.nations_dir)
    file = folder / f"{code}.yaml"
    bundled = resources.files("navab.nations") / "data" / f"{code}.yaml"
    copied = code in Registry.bundled().nations
    _write_new(file, bundled.read_text("utf-8") if copied else nation_template(code, name, languages))
    nation = read_registry(str(folder)).get(code)
    for language in _without_lexicon(nation):
        lexicon = folder / LEXICONS / f"{language}.yaml"
        _write_new(lexicon, lexicon_template(language))
        show(f"{lexicon}: a template; without it the engine `rules` finds no statement in {language}")
    show(f"{file}: {f'a copy of the one that comes with navab: {nation.name}' if copied else nation.name}")
    if configuration.nations and code not in configuration.nations:
        show(f"add {code} to `nations` of the configuration")
    show(f"next: fill it in, then `navab nations check {code}`")


@nations.command("check")
@configured
@click.argument("code")
def nations_check(config: Path | None, settings: tuple[str, ...], code: str) -> None:
    """Tell what is missing for a nation: its file, lexicons, embedder, and what a sample of its articles shows.

    \b
    Examples:
      navab nations check es
      navab nations check es --config navab.yaml
    """
    configuration = _configuration(config, settings)
    findings = check_nation(code, configuration, read_registry(configuration.nations_dir))
    for finding in findings:
        show(f"{finding.state:<8} {finding.subject}: {finding.text}")
        for example in finding.examples:
            show(f"{'':<10} {example}")
    missing = [finding.subject for finding in findings if finding.state == "missing"]
    if missing:
        raise ConfigurationError(f"nation {code} is not ready: {', '.join(missing)}")


def _configuration(config: Path | None, settings: Sequence[str]) -> Configuration:
    """The configuration; the registry can be worked with before there is one."""
    if config is None and not DEFAULT_FILE.exists():
        settings = ("lake=lake", *settings)
    return read_configuration(config, settings)


def _write_new(file: Path, content: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with file.open("x", encoding="utf-8") as opened:
            opened.write(content)
    except FileExistsError:
        raise ConfigurationError(f"{file} exists: edit it, or remove it first") from None


def _without_lexicon(nation: Nation) -> list[str]:
    missing = []
    for language in nation.languages:
        try:
            nation.lexicon(language)
        except ConfigurationError:
            missing.append(nation.lexicon_of(language))
    return missing
