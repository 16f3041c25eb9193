"""The command line: thin, one function a command; errors are one line and an exit code."""

from __future__ import annotations

import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, TypeVar

import click

from navab import commands
from navab.errors import NavabError, StorageError
from navab.lake.failures import explain, storage_failures

Function = TypeVar("Function", bound=Callable[..., Any])


def configured(function: Function) -> Function:
    """Options of every command that works on a lake."""
    for option in (
        click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Override one key; repeatable."),
        click.option(
            "--config", "-c", type=click.Path(path_type=Path), help="Configuration file (default: navab.yaml)."
        ),
        click.option("--debug", is_flag=True, expose_value=False, help="Show a traceback when something fails."),
    ):
        function = option(function)
    return function


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="navab")
@click.pass_context
def navab(context: click.Context) -> None:
    """Build, release and inspect benchmarks of national values from news articles.

    \b
    Examples:
      navab run --config navab.yaml           build or refresh, and release
      navab run --config navab.yaml --plan    what is pending, without doing it
      navab status --config navab.yaml        tables, live rows, rejections, last run
      navab report --config navab.yaml        one HTML page
      navab forget --url https://...          take an article down
      navab nations list                      nations that navab knows

    \b
    Exit codes: 0 done; 2 usage or configuration; 3 more bad input than `tolerance` allows;
    4 storage; 5 engine; 6 Ray was lost; 75 another run holds the lake.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


@navab.command()
@configured
@click.option("--until", metavar="STAGE", help="Stop after this stage, e.g. topics.")
@click.option("--plan", is_flag=True, help="Show pending work without doing it.")
def run(config: Path | None, settings: tuple[str, ...], until: str | None, plan: bool) -> None:
    """Build or refresh the benchmark: run every stage that has pending work, then release.

    \b
    Examples:
      navab run --config navab.yaml
      navab run --config navab.yaml --until topics
      navab run --config navab.yaml --set resources.num_cpus=4 --set lake=s3://bucket/lake
      navab run --config navab.yaml --plan
    """
    if plan:
        commands.plan(config, settings, until)
    else:
        commands.run(config, settings, until)


@navab.command()
@configured
@click.option(
    "--as-of",
    multiple=True,
    metavar="VERSION|TIME",
    help="Show the lake as it was: a table version, a time (ISO 8601, UTC), or TABLE=VERSION; repeatable.",
)
def status(config: Path | None, settings: tuple[str, ...], as_of: tuple[str, ...]) -> None:
    """Show tables, versions, live rows, rejections by reason and the last run.

    \b
    Examples:
      navab status --config navab.yaml
      navab status --config navab.yaml --as-of 2026-11-05T14:30
      navab status --config navab.yaml --as-of 12 --as-of triples=8
    """
    commands.status(config, settings, as_of)


@navab.command()
@configured
def release(config: Path | None, settings: tuple[str, ...]) -> None:
    """Write what is live as a release: Arrow shards, dataset card, lm-eval tasks, preferences, manifest.

    \b
    Examples:
      navab release --config navab.yaml
      navab release --config navab.yaml --set release.name=2026-11
      navab release --config navab.yaml --set release.without_conflict_reduction=true
    """
    commands.release(config, settings)


@navab.command()
@configured
@click.option("--output", metavar="FILE", help="Where to write it (default: LAKE/reports/report.html).")
def report(config: Path | None, settings: tuple[str, ...], output: str | None) -> None:
    """Write one self-contained HTML page: funnels, rejections, topics, triples, conflicts, checks.

    \b
    Examples:
      navab report --config navab.yaml
      navab report --config navab.yaml --output report.html
    """
    commands.report(config, settings, output)


@navab.command()
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
    commands.maintain(config, settings)


@navab.command()
@configured
@click.option("--url", "urls", multiple=True, metavar="URL", help="Address of an article; repeatable.")
@click.option(
    "--article-id", "article_ids", multiple=True, type=int, metavar="ID", help="Id of an article; repeatable."
)
@click.option("--note", metavar="TEXT", help="Kept with the tombstone: who asked, a case number.")
@click.option("--with-duplicates", is_flag=True, help="Take its near-duplicates down as well.")
@click.option("--dry-run", is_flag=True, help="Show what would go without changing anything.")
def forget(
    config: Path | None,
    settings: tuple[str, ...],
    urls: tuple[str, ...],
    article_ids: tuple[int, ...],
    note: str | None,
    with_duplicates: bool,
    dry_run: bool,
) -> None:
    """Take an article down: it, its exact copies and all that descends from them leave tables and releases.

    Releases that hold something of it are withdrawn and reissued without it. A tombstone of hashes keeps it out of
    later crawls. Old files hold it until `navab maintain`; source files are yours and stay as they are.

    \b
    Examples:
      navab forget --config navab.yaml --url https://example.org/news/1 --dry-run
      navab forget --config navab.yaml --url https://example.org/news/1 --note "case 17"
      navab forget --config navab.yaml --article-id 4711 --article-id -98 --with-duplicates
    """
    from navab.takedown import Request  # noqa: PLC0415  (heavy)

    request = Request(urls, article_ids, note, with_duplicates)
    commands.forget(request, config, settings, dry_run=dry_run)


@navab.group(invoke_without_command=True)
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
    commands.nations_list()


@navab.group(invoke_without_command=True)
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
    commands.topics_export(file, config, settings)


@topics.command("import")
@configured
@click.argument("file", type=click.Path(path_type=Path))
def topics_import(config: Path | None, settings: tuple[str, ...], file: Path) -> None:
    """Take a filled-in CSV back; the next `navab run` follows it and extracts nothing anew.

    \b
    Examples:
      navab topics import topics.csv --config navab.yaml
    """
    commands.topics_import(file, config, settings)


def main() -> None:
    """Entry point of the console script: one line and an exit code for whatever goes wrong."""
    if "--debug" not in sys.argv:
        sys.excepthook = _report_defect
    signal.signal(signal.SIGTERM, _stop)
    sys.exit(_run(sys.argv[1:]))


def _run(arguments: list[str]) -> int:
    try:
        navab.main(arguments, prog_name="navab", standalone_mode=False)
    except NavabError as error:
        return _fail(str(error), error.exit_code, arguments)
    except click.ClickException as error:
        return _fail(f"{error.format_message()} (see `navab --help`)", 2, arguments)
    except storage_failures() as error:
        where = f"{error.filename}: " if isinstance(error, OSError) and error.filename else ""
        return _fail(f"storage: {where}{explain(error)}", StorageError.exit_code, arguments)
    except (click.Abort, KeyboardInterrupt):
        return _fail("interrupted; what is finished is committed, run the same command to go on", 130, arguments)
    return 0


def _fail(message: str, code: int, arguments: list[str]) -> int:
    if "--debug" in arguments:
        print(_without_secrets(traceback.format_exc()), file=sys.stderr)
    print(_without_secrets(f"navab: {' '.join(message.split())}"), file=sys.stderr)
    return code


def _without_secrets(text: str) -> str:
    """A text as it may be shown, whatever an error quotes; credentials exist only once S3 is in use."""
    if "navab.lake.credentials" not in sys.modules:
        return text
    from navab.lake.credentials import masked  # noqa: PLC0415

    return masked(text)


def _stop(number: int, _: FrameType | None) -> None:
    """A polite stop unwinds the stack: finished work is committed and the claim is released."""
    sys.exit(128 + number)


def _report_defect(kind: type[BaseException], error: BaseException, _: TracebackType | None) -> None:
    """What nobody foresaw is a defect of navab: still one line, with the way to see more."""
    cause = getattr(error, "cause", None) or error  # what Ray wraps
    message = " ".join(str(cause).split())[:300]
    advice = "run again with --debug and report it"
    print(_without_secrets(f"navab: internal error, {type(cause).__name__}: {message}; {advice}"), file=sys.stderr)
