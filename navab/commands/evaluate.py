"""`navab evaluate`: ask models about releases and show how often they side with the statements."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import polars as pl

from navab.commands.arguments import configured
from navab.commands.console import new_table, show
from navab.commands.opening import open_view
from navab.errors import ConfigurationError
from navab.evaluate import evaluate as evaluate_models
from navab.evaluation.bag_of_words import NAME as BAG_OF_WORDS
from navab.evaluation.scorers.load import model_name
from navab.evaluation.standings import ALL, breakdown, read_rows, standings
from navab.evaluation.table import EvaluationRecord
from navab.options.evaluation import EvaluationSection, ModelSection

_BY = ("nation", "source_type", "topic", "part", "period")


@click.command()
@configured
@click.option(
    "--model", "models", multiple=True, metavar="M", help="Name in evaluation.models, folder or hub id; repeatable."
)
@click.option(
    "--method",
    "methods",
    multiple=True,
    type=click.Choice(["mc", "likelihood", "aj"]),
    help="Default: evaluation.methods.",
)
@click.option("--release", "releases", multiple=True, metavar="R", help="Name or address (default: the lake's latest).")
@click.option("--by", multiple=True, type=click.Choice(_BY), help="Show rates by these columns as well; repeatable.")
def evaluate(
    config: Path | None,
    settings: tuple[str, ...],
    models: tuple[str, ...],
    methods: tuple[str, ...],
    releases: tuple[str, ...],
    by: tuple[str, ...],
) -> None:
    """Ask models about the triples of releases: multiple choice, likelihood, or free answers and a judge.

    Every result comes with its baselines. Scored triples are kept: the same command goes on where it was stopped. Needs
    no claim of the lake.

    \b
    Examples:
      navab evaluate --config navab.yaml --model models/smollm2
      navab evaluate --config navab.yaml --model models/smollm2 --method mc --set evaluation.limit=200
      navab evaluate --config navab.yaml --release 2026-11 --by nation --by source_type
    """
    view = open_view(config, settings)
    given = {"methods": methods, "releases": releases}
    options = view.configuration.evaluation.model_copy(update={key: value for key, value in given.items() if value})
    if "aj" in options.methods and options.judge is None:
        raise ConfigurationError("method aj needs a judge: set evaluation.judge.model, better to another model")
    records = evaluate_models(view, choose_models(options, models), options)
    rows = read_rows(view.lake, records)
    show_standings(standings(rows), records)
    if by:
        _show_breakdown(breakdown(rows, by, records), by, records)
    _show_threats(records)
    if options.baselines:
        _show_left_out(records)


def choose_models(options: EvaluationSection, names: Sequence[str]) -> list[ModelSection]:
    """The models that are named: of the configuration, or by folder or hub id; without names all configured ones."""
    if not names and not options.models:
        raise ConfigurationError("no model is named: give --model or set evaluation.models")
    known = {model_name(section): section for section in options.models}
    return [known.get(name) or ModelSection(model=name) for name in names] or list(options.models)


def show_standings(found: pl.DataFrame, records: Sequence[EvaluationRecord]) -> None:
    """One line a run, one column a nation: correct rate in percent with its interval."""
    nations = [*sorted(set(found["nation"]) - {ALL}), ALL]
    table = new_table("model", "release", "method", "protocol", "condition", *nations, "bias", "triples")
    cells = {(row["run_id"], row["nation"]): row for row in found.iter_rows(named=True)}
    for record in records:
        if (whole := cells.get((record.run_id, ALL))) is None:
            continue
        named = (record.model, record.release, record.method, record.protocol, record.condition)
        rates = [rate_cell(cells.get((record.run_id, nation))) for nation in nations]
        table.add_row(*named, *rates, _bias(whole["position_bias"]), f"{whole['triples']:,}")
    show(table)
    show("correct rate in %, 95 % interval clustered by leakage group; bias: 1 always the first option, -1 never")


def rate_cell(row: dict[str, Any] | None) -> str:
    """A correct rate with its interval, such as `61.5 (55-68)`."""
    if row is None or not row["decided"]:
        return "-"
    return f"{100 * row['correct_rate']:.1f} ({100 * row['low']:.0f}-{100 * row['high']:.0f})"


def _bias(value: float | None) -> str:
    return "" if value is None else f"{value:+.2f}"


def _show_breakdown(found: pl.DataFrame, by: Sequence[str], records: Sequence[EvaluationRecord]) -> None:
    table = new_table(
        "model", "method", "protocol", "condition", *by, "correct", "ties", "refusals", "off topic", "triples"
    )
    known = {record.run_id: record for record in records}
    for row in found.iter_rows(named=True):
        record = known[row["run_id"]]
        shares = [f"{100 * row[name]:.0f} %" for name in ("ties", "refusals", "off_topic")]
        named = (record.model, record.method, record.protocol, record.condition)
        table.add_row(*named, *(str(row[name] or "") for name in by), rate_cell(row), *shares, f"{row['triples']:,}")
    show(table)


def _show_threats(records: Sequence[EvaluationRecord]) -> None:
    """What the results may rest on besides values."""
    for record in records:
        for nation, (statements, reversals) in record.negated.items():
            show(f"{record.release}, {nation}: negated are {statements:.0%} of S and {reversals:.0%} of RS")
        if record.canary_rank is not None:
            show(f"{record.model}: the canary of {record.release} has rank {record.canary_rank} of 100 by likelihood")
        if record.skipped:
            show(f"{record.model}, {record.method}, {record.condition}: {record.skipped:,} triples cannot be rewritten")


def _show_left_out(records: Sequence[EvaluationRecord]) -> None:
    """Releases for which no S could be rewritten."""
    asked = {record.release for record in records if record.model != BAG_OF_WORDS}
    for release in sorted(asked - {record.release for record in records if record.condition == "rewritten"}):
        show(f"{release}: no S is rewritten, for another engine than the configured one made the triples")
