"""The command line: one file a command in navab/commands; errors are one line and an exit code."""

from __future__ import annotations

import gc
import signal
import sys
import traceback
from contextlib import suppress
from importlib import import_module
from keyword import iskeyword
from types import FrameType, TracebackType

import click

from navab.errors import NavabError, StorageError
from navab.execution.loading import collector_at_rest
from navab.lake.failures import explain, storage_failures
from navab.secrets import masked

COMMANDS = {
    "run": "Build or refresh the benchmark: run every stage that has pending work, then release.",
    "refresh": "Scheduled run: read what is new, release only what has changed and passes the gates.",
    "status": "Show tables, versions, live rows, rejections by reason, releases and the last run.",
    "release": "Write what is live as a release.",
    "import": "Data sets of others as releases.",
    "evaluate": "Ask models about the triples of releases.",
    "align": "Align a model with a release, and evaluate it before and after.",
    "report": "Write one self-contained HTML page.",
    "maintain": "Remove superseded rows, merge small files and delete old versions beyond the retention.",
    "forget": "Take an article down.",
    "nations": "The nation registry: list it, add a nation, check what one lacks.",
    "topics": "Topics, and people's decisions on them.",
    "prompts": "What a model is sent.",
}


RUNNING = ("run", "refresh")  # for which Ray is loaded, unless they only show something
SHOWING = frozenset({"--plan", "--help", "-h"})


class Commands(click.Group):
    """Commands that are imported when they are used, so that `--help` answers at once.

    Each is the object of its name in the module of its name in navab/commands, with an underscore behind a keyword.
    """

    def list_commands(self, _: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        own = f"{name}_" if iskeyword(name) else name
        with collector_at_rest():
            command = getattr(import_module(f"navab.commands.{own}"), own)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, context: click.Context, arguments: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; Ray, which takes longer, is loaded beside it in a process that is the command's object."""
        if arguments[0] in RUNNING and SHOWING.isdisjoint(arguments):
            from navab.execution.ray_connection import RayConnection  # noqa: PLC0415  (`--help` answers at once)

            with suppress(OSError):  # whether it can start matters when there is work
                context.obj = context.with_resource(RayConnection())
        return super().resolve_command(context, arguments)

    def format_commands(self, _: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="navab")
@click.pass_context
def navab(context: click.Context) -> None:
    """Build, release and inspect benchmarks of national values from news articles.

    \b
    Examples:
      navab run --config navab.yaml           build or refresh, and release
      navab run --config navab.yaml --plan    what is pending, without doing it
      navab refresh --config navab.yaml       the same on a schedule: gates, release, change summary
      navab status --config navab.yaml        tables, live rows, rejections, last run
      navab evaluate --model models/smollm2   how often a model sides with the statements
      navab align --model models/smollm2      align it with the statements, and what that changed
      navab report --config navab.yaml        one HTML page
      navab forget --url https://...          take an article down
      navab nations list                      nations that navab knows

    \b
    Exit codes: 0 done; 2 usage or configuration; 3 more bad input than `tolerance` allows;
    4 storage; 5 engine; 6 Ray was lost; 10 refresh: nothing new; 11 refresh: a gate failed;
    75 another run holds the lake.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def main() -> None:
    """Entry point of the console script: one line and an exit code for whatever goes wrong."""
    sys.excepthook = _report_defect
    signal.signal(signal.SIGTERM, _stop)
    code = _run(sys.argv[1:])
    gc.freeze()  # the interpreter would look through all that was loaded before it ends
    sys.exit(code)


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
        print(masked(traceback.format_exc()), file=sys.stderr)
    print(masked(f"navab: {' '.join(message.split())}"), file=sys.stderr)
    return code


def _stop(number: int, _: FrameType | None) -> None:
    """A polite stop unwinds the stack: finished work is committed and the claim is released."""
    sys.exit(128 + number)


def _report_defect(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """What nobody foresaw is a defect of navab: still one line, with the way to see more."""
    if "--debug" in sys.argv:
        print(masked("".join(traceback.format_exception(kind, error, trace))), file=sys.stderr)
        return
    cause = getattr(error, "cause", None) or error  # what Ray wraps
    message = " ".join(str(cause).split())[:300]
    advice = "run again with --debug and report it"
    print(masked(f"navab: internal error, {type(cause).__name__}: {message}; {advice}"), file=sys.stderr)
