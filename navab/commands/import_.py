"""`navab import`: data sets of others become releases."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import click

from navab.commands.arguments import configured
from navab.commands.console import show
from navab.commands.opening import open_view
from navab.errors import ConfigurationError, NothingToReleaseError, ToleranceError
from navab.release.build import ReleaseInputs, ReleaseOptions, build_release
from navab.release.imported import ENGINE, Imported, Row, import_rows, main_language, read_rows
from navab.view import View


@click.group("import", invoke_without_command=True)
@click.pass_context
def import_(context: click.Context) -> None:
    """Data sets of others as releases.

    \b
    Examples:
      navab import navab human_statement_result.json official_statement_result.json
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


@import_.command("navab")
@configured
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--nation", metavar="CODE", help="Nation that the files are of (default: by their language).")
@click.option("--name", default=ENGINE, show_default=True, help="Name of the release.")
@click.option("--licence", default="other", show_default=True, help="Licence, as the dataset card states it.")
def import_navab(
    config: Path | None,
    settings: tuple[str, ...],
    files: tuple[Path, ...],
    nation: str | None,
    name: str,
    licence: str,
) -> None:
    """Make a release of the data set of NaVAB's authors, so that models can be compared with their tables.

    FILES are JSON or JSON Lines, plain or gzip, of the last step of the authors' pipeline: with statement, generated Q
    and generated reverse statement.

    \b
    Examples:
      navab import navab human_statement_result.json official_statement_result.json --nation uk
      navab evaluate --release navab-authors --method mc --set evaluation.protocols=[paper] --model M
    """
    view = open_view(config, settings)
    rows = list(chain.from_iterable(map(read_rows, files)))
    code = view.registry.get(nation.strip().lower()).code if nation else _nation(view, rows)
    imported = import_rows(rows, code)
    _check(imported, view.configuration.tolerance)
    refused = ", ".join(f"{count:,} {reason}" for reason, count in imported.refused.most_common())
    inputs = ReleaseInputs(
        triples=imported.triples,
        nations=[code],
        notes=["imported: the data set of the authors of NaVAB (arXiv 2504.12911), which navab has not verified"],
    )
    storage = view.lake.storage
    options = ReleaseOptions(name=name, benchmark=ENGINE, licence=licence)
    with view.lake.claim_releases("import"):
        made = build_release(inputs, options, storage.filesystem, storage.path("releases", name))
    show(f"release {made.name}: {storage.uri('releases', name)}; {imported.triples.height:,} triples")
    if refused:
        show(f"rows refused: {refused}")


def _nation(view: View, rows: Sequence[Row | None]) -> str:
    """The only nation of the configuration, or the only one of them that speaks the language of the rows."""
    if len(view.nations) == 1:
        return view.nations[0].code
    language = main_language(rows)
    speaking = [nation.code for nation in view.nations if language in nation.languages]
    if len(speaking) != 1:
        known = " and ".join(speaking) or "no nation of the configuration"
        raise ConfigurationError(f"the files are in '{language}', the language of {known}: give --nation CODE")
    return speaking[0]


def _check(imported: Imported, tolerance: float) -> None:
    """Raise ToleranceError if too many rows are bad; rows that merely repeat another one are not."""
    bad = imported.refused.total() - imported.refused["repeated"]
    if not imported.rows:
        raise NothingToReleaseError("the files hold no rows: give those of the last step of the authors' pipeline")
    if bad > tolerance * imported.rows:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in imported.refused.most_common())
        raise ToleranceError(
            f"{bad:,} of {imported.rows:,} rows are no triples ({reasons}), more than tolerance {tolerance:g} allows: "
            "give files of the last step of the authors' pipeline, such as human_statement_result.json"
        )
