"""The pipeline: its stages in order, and the loop that runs those with pending work.

Running is always right: after a crash, a new crawl, a changed option or nothing at all, what is pending is what the
tables lack at the current fingerprints.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, takewhile

import polars as pl

from navab.configuration import Configuration
from navab.errors import ConservationError, EngineError, RayLostError, ToleranceError
from navab.execution.carrier import Carrier
from navab.execution.committer import Committer
from navab.execution.metrics import Metrics
from navab.execution.progress import Progress
from navab.execution.ray_connection import RayConnection
from navab.execution.runs import RunRecord, StepRecord
from navab.lake.claim import Claim
from navab.lake.lake import Lake
from navab.models.engines import why_unanswered
from navab.nations.files import read_registry
from navab.options.engine import EngineSection
from navab.stages import (
    articles,
    candidates,
    conflicts,
    duplicates,
    embeddings,
    extraction,
    screening,
    statements,
    topics,
    triples,
)
from navab.stages.base import Equation, Stage, Step, Unit
from navab.view import View

STAGES: tuple[Stage, ...] = (
    articles.STAGE,
    duplicates.STAGE,
    embeddings.STAGE,
    topics.STAGE,
    screening.STAGE,
    extraction.STAGE,
    statements.STAGE,
    candidates.STAGE,
    conflicts.STAGE,
    triples.STAGE,
)
STAGE_NAMES = tuple(stage.name for stage in STAGES)


def open_lake(configuration: Configuration) -> Lake:
    """The lake of a configuration."""
    return Lake(configuration.lake, articles.storage_options(configuration))


def open_view(configuration: Configuration, lake: Lake) -> View:
    """A view of the lake that knows what every stage expects."""
    steps = list(chain.from_iterable(stage.steps for stage in STAGES))
    expected = {table: frame for step in steps for table, frame in step.expected.items()}
    live = {table: frame for step in steps for table, frame in step.live.items()}
    return View(lake, configuration, read_registry(configuration.nations_dir), expected, live)


def run_stages(
    view: View, claim: Claim, record: RunRecord, until: str | None = None, ray: RayConnection | None = None
) -> list[Equation]:
    """Run every stage up to `until` that has pending work, checking conservation after each.

    What was done goes into `record`; `ray` is a process that is loading Ray already. Raises ConservationError if a
    stage lost or doubled rows, and ToleranceError if too many records are bad.
    """
    held: list[Equation] = []
    resources, metrics = view.configuration.resources, Metrics()
    with metrics.served(resources.metrics_port), Carrier(view.lake.storage, resources, claim.epoch, ray) as carrier:
        run = _Run(view, claim, carrier, metrics, _stages_until(until))
        for stage in run.stages:
            for step in stage.steps:
                record.steps.append(_run_step(run, stage, step))
            equations = stage.conservation(view)
            held.extend(equations)
            _check(stage, equations)
            if stage.name == "articles":
                check_tolerance(view)
    return held


def check_conservation(view: View) -> list[Equation]:
    """The equations of all stages that have nothing pending; the others cannot hold yet."""
    pending = pending_rows(view)
    done = takewhile(lambda stage: not pending.get(stage.name), STAGES)
    return [equation for stage in done for equation in stage.conservation(view)]


def pending_rows(view: View) -> dict[str, int]:
    """Rows that each stage after articles still lacks, by stage; sources are not looked at."""
    return {
        stage.name: sum(_pending(step, view).height for step in stage.steps)
        for stage in STAGES
        if stage is not articles.STAGE
    }


def check_tolerance(view: View) -> None:
    """Raise ToleranceError if the share of unreadable records is greater than `tolerance`."""
    rows = articles.configured_records(view)
    bad, records = rows["article_id"].null_count(), rows.height
    if records and bad / records > view.configuration.tolerance:
        raise ToleranceError(
            f"{bad:,} of {records:,} records are unreadable ({100 * bad / records:.1f} %), more than "
            f"tolerance={view.configuration.tolerance} allows; {articles.worst_file(rows)}; mend the files, take them "
            "out of `sources`, or raise it"
        )


def _stages_until(until: str | None) -> Sequence[Stage]:
    if until is None or until not in STAGE_NAMES:
        return STAGES
    return STAGES[: STAGE_NAMES.index(until) + 1]


@dataclass(frozen=True)
class _Run:
    """What the steps of a run have in common."""

    view: View
    claim: Claim
    carrier: Carrier
    metrics: Metrics
    stages: Sequence[Stage]

    def look_ahead(self) -> None:
        """Read the keys that steps and checks will look at until Ray has started: later its workers would wait."""
        for look in chain.from_iterable(map(_looks, self.stages)):
            if self.view.is_full or not self.carrier.is_starting:
                break
            look(self.view)


def _looks(stage: Stage) -> Iterator[Callable[[View], object]]:
    """What the driver asks of tables when it plans and checks a stage."""
    for step in stage.steps:
        yield partial(_pending, step)
    yield stage.conservation
    if stage.name == articles.STAGE.name:
        yield articles.configured_records


def _pending(step: Step, view: View) -> pl.DataFrame:
    """Rows that a step has still to make."""
    return view.pending(step.writes[-1])


def _run_step(run: _Run, stage: Stage, step: Step) -> StepRecord:
    view, metrics = run.view, run.metrics
    started = time.monotonic()
    units = step.plan(view)
    rows = sum(unit.rows for unit in units)
    files = units if _reads_files(step) else []
    while units:
        run.claim.enter_stage(step.name)
        metrics.begin(step.name, sum(unit.rows for unit in units))
        try:
            _carry_step(run, step, units)
            break
        except RayLostError as error:
            run.carrier.recover(error)
            units = step.plan(view)  # what was committed is done
    if rows and step.asks_engine(view):
        _check_answered(step, view)
    seconds = time.monotonic() - started
    metrics.end(step.name, seconds)
    records = articles.records_in(view, files) if _reads_files(step) else None
    return StepRecord(stage=stage.name, step=step.name, rows=rows, seconds=seconds, records=records)


def _reads_files(step: Step) -> bool:
    """Whether pending are files, whose records are counted when they have been read."""
    return step.name == articles.STAGE.name


def _carry_step(run: _Run, step: Step, planned: Sequence[Unit]) -> None:
    """Run units and commit what they write; what is finished is committed as well if something ends that."""
    view, carrier, metrics = run.view, run.carrier, run.metrics
    carrier.start()
    units = step.complete(view, planned)
    run.look_ahead()
    carrier.wait()
    rows = sum(unit.rows for unit in units)
    progress = Progress(step.name, rows, "files" if _reads_files(step) else "rows")
    committer = Committer(step.writes, view, run.claim, carrier, replaces=step.replaces, metrics=metrics)
    work = step.work(view)
    model = _model(step, view)
    size = len(units) if step.at_once is None else step.at_once(view)
    gpus = step.gpus(view)
    batches = (units[start : start + size] for start in range(0, len(units), size))
    try:
        for written in chain.from_iterable(carrier.carry(batch, work, model, gpus) for batch in batches):
            committer.add(written)
            if _reads_files(step):
                progress.records = committer.rows
            progress.advance(written.pending_rows)
            metrics.advance(step.name, written.pending_rows)
            if step.replaces and written.file is None:
                committer.commit()  # a unit may be minutes of work: a finished topic model is never fitted again
            else:
                committer.commit_if_due()
    except (KeyboardInterrupt, SystemExit, RayLostError, EngineError):
        committer.commit()
        raise
    committer.finish()
    progress.finish()


def _model(step: Step, view: View) -> EngineSection | None:
    """The engine that has to be started for a step; rules need none."""
    engine = view.configuration.engine
    return engine if engine.kind != "rules" and step.asks_engine(view) else None


def _check_answered(step: Step, view: View) -> None:
    """Raise EngineError if the engine left rows unanswered."""
    left = _pending(step, view).height
    if left:
        why = why_unanswered(view.configuration.engine)
        raise EngineError(
            f"the engine left {left:,} rows of step {step.name} unanswered: {why}; run the same command again to go on"
        )


def _check(stage: Stage, equations: Sequence[Equation]) -> None:
    for equation in equations:
        if not equation.holds:
            where = f" for nation {equation.nation}" if equation.nation else ""
            raise ConservationError(
                f"stage {stage.name} does not conserve rows{where}: {equation.name}: "
                f"{equation.left:,} against {equation.right:,}; keep the lake as it is and report this"
            )


def plan_steps(view: View, until: str | None = None) -> list[tuple[Step, list[Unit]]]:
    """Pending units of every step as the lake stands; later steps will have more once earlier ones have run."""
    return [(step, step.plan(view)) for stage in _stages_until(until) for step in stage.steps]
