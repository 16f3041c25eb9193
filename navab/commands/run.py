"""`navab run`: build or refresh, or show what is pending."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import click

from navab import pipeline
from navab.commands.arguments import configured
from navab.commands.console import show
from navab.commands.forget import complete_takedowns
from navab.commands.opening import open_view, writing
from navab.commands.planning import show_plan
from navab.commands.release import publish_release
from navab.commands.summary import show_rates, show_summary
from navab.errors import ConfigurationError, NavabError, NothingToReleaseError
from navab.execution.ray_connection import RayConnection
from navab.execution.runs import RunRecord, recorded_engine, save_run
from navab.lake.claim import Claim
from navab.models.embedder import check_embedders
from navab.models.engines import check_engine
from navab.secrets import without_secrets
from navab.stages.base import embedders
from navab.view import View


@click.command()
@configured
@click.option("--until", metavar="STAGE", help="Stop after this stage, e.g. topics.")
@click.option("--plan", is_flag=True, help="Show pending work without doing it.")
@click.pass_obj
def run(
    ray: RayConnection | None, config: Path | None, settings: tuple[str, ...], until: str | None, plan: bool
) -> None:
    """Build or refresh the benchmark: run every stage that has pending work, then release.

    \b
    Examples:
      navab run --config navab.yaml
      navab run --config navab.yaml --until topics
      navab run --config navab.yaml --set resources.num_cpus=4 --set lake=s3://bucket/lake
      navab run --config navab.yaml --plan
    """
    view = open_view(config, settings, to_write=not plan)
    _check_until(until)
    if plan:
        show_plan(view, until)
        return
    record = build(view, "run", until, ray)
    show_summary(view)
    show_rates(record)
    if until in (None, "release"):
        try:
            publish_release(view)
        except NothingToReleaseError:
            show("no release: the articles gave no live triple (see `navab status` for what was refused, and why)")
    show(f"{'changed' if record.changed else 'nothing new'}, {record.seconds:.1f} s; lake {view.lake.storage.root}")


def build(view: View, command: str, until: str | None = None, ray: RayConnection | None = None) -> RunRecord:
    """Run all stages with pending work under the lake's claim; the run's record, which the lake keeps."""
    check_models(view)
    with writing(view, command) as claim:
        complete_takedowns(view, claim)
        return run_recorded(view, claim, command, until, ray)


def check_models(view: View) -> None:
    """Raise EngineError, before anything is claimed, if the engine or the embedder cannot run here."""
    check_engine(view.configuration.engine)
    check_embedders(embedders(view), [nation.code for nation in view.nations])


def run_recorded(
    view: View, claim: Claim, command: str, until: str | None = None, ray: RayConnection | None = None
) -> RunRecord:
    """Run all stages with pending work; the run's record, which the lake keeps however the run ends."""
    configuration = view.configuration
    record = RunRecord(
        command=command if until is None else f"{command} --until {until}",
        started_at=datetime.now(UTC),
        engine=recorded_engine(configuration.engine),
        configuration=without_secrets(configuration.model_dump(mode="json")),
    )
    if not configuration.sources:
        print("navab: warning: no `sources` are configured: nothing new will be read", file=sys.stderr)
    started = time.monotonic()
    try:
        pipeline.run_stages(view, claim, record, until, ray)
        record.outcome = "done"
    except NavabError as error:
        record.outcome = f"failed: {error}"
        raise
    except (KeyboardInterrupt, SystemExit):
        record.outcome = "interrupted"
        raise
    finally:
        record.seconds = time.monotonic() - started
        save_run(view.lake.storage, record)
    return record


def _check_until(until: str | None) -> None:
    if until is not None and until not in (*pipeline.STAGE_NAMES, "release"):
        raise ConfigurationError(f"unknown stage '{until}': stages are {', '.join((*pipeline.STAGE_NAMES, 'release'))}")
