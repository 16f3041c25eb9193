"""`navab prompts`: what a model is sent."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click

from navab.commands.arguments import configured
from navab.commands.console import show
from navab.commands.opening import check_not_empty, open_view, read_configuration
from navab.errors import ConfigurationError
from navab.models.answers import json_schema
from navab.models.engine import Request
from navab.nations.files import read_registry
from navab.requests import ASKED, requests_of_article


@click.group(invoke_without_command=True)
@click.pass_context
def prompts(context: click.Context) -> None:
    """What a model is sent.

    \b
    Examples:
      navab prompts show extraction
      navab prompts show triples --config navab.yaml --article -5243188270190325012
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


@prompts.command("show")
@configured
@click.argument("stage")
@click.option("--article", type=int, metavar="ID", help="An article of the lake; without it places stay open: {text}.")
@click.option("--nation", default="us", show_default=True, help="Nation of the outlet, where no article is named.")
@click.option("--language", metavar="CODE", help="Language of the article (default: the first one of the nation).")
def prompts_show(
    config: Path | None,
    settings: tuple[str, ...],
    stage: str,
    article: int | None,
    nation: str,
    language: str | None,
) -> None:
    """Print what would be sent to a model: instructions, example, article, and the form of the answer.

    Stages that may ask a model are topics, screening, extraction, conflicts and triples. The rules engine answers
    without any prompt.

    \b
    Examples:
      navab prompts show extraction
      navab prompts show triples --nation fr
      navab prompts show extraction --config navab.yaml --article -5243188270190325012
    """
    if stage not in ASKED:
        raise ConfigurationError(f"stage '{stage}' asks no model: stages that may are {', '.join(ASKED)}")
    if article is None:
        asked = _with_open_places(stage, config, settings, nation, language)
    else:
        view = open_view(config, settings)
        check_not_empty(view)
        asked = requests_of_article(stage, article, view)
    for number, request in enumerate(asked, start=1):
        _show_request(request, f"{number} of {len(asked)}")
    if not asked:
        show(f"nothing: article {article} has no statements that {stage} would ask about")


def _with_open_places(
    stage: str, config: Path | None, settings: Sequence[str], nation: str, language: str | None
) -> list[Request]:
    configuration = read_configuration(config, ("lake=lake", *settings) if config is None else settings)
    known = read_registry(configuration.nations_dir).get(nation)
    return [asked.with_open_places(nation, language or known.languages[0]) for asked in ASKED[stage]]


def _show_request(request: Request, place: str) -> None:
    prompt = request.prompt
    show(f"=== prompt {prompt.name}-{prompt.version}, {request.nation}, {request.language}: request {place}")
    for message in request.messages():
        show(f"\n--- {message.role}\n{message.content}")
    schema = json_schema(request)
    if schema is not None:
        show(f"\n--- answer: JSON of this schema\n{json.dumps(schema, indent=2, ensure_ascii=False)}\n")
    else:
        show(f"\n--- answer: one of {', '.join(request.choices)}\n")
