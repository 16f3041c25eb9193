"""From releases to evaluations: ask models about the triples of releases, and keep what comes out.

Reads releases; writes the table `evaluations`. Needs no claim. What is scored is never scored again: a run that was
stopped goes on, and a later release takes over the outcomes of triples that it shares with an earlier one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from datetime import time as time_of_day
from functools import cached_property
from time import monotonic

import polars as pl

from navab.errors import ConfigurationError
from navab.evaluation.bag_of_words import NAME as BAG_OF_WORDS
from navab.evaluation.bag_of_words import bag_of_words
from navab.evaluation.methods import Outcome
from navab.evaluation.plan import Asked, method_of, plan_runs
from navab.evaluation.questions import Questions, choose, collect
from navab.evaluation.run import Run
from navab.evaluation.scorers.base import Scorer
from navab.evaluation.scorers.load import identity, load_scorer, model_name
from navab.evaluation.table import (
    EvaluationRecord,
    RunRows,
    read_record,
    read_records,
    run_rows,
    save_record,
    start_record,
)
from navab.evaluation.threats import canary_rank, negations, rewritten
from navab.evaluation.triples import Triple, address
from navab.execution.progress import Progress
from navab.lake.hashing import set_digest
from navab.lake.lake import Lake
from navab.models.engines import engine_name, load_engine
from navab.models.responses import TripleText
from navab.options.evaluation import EvaluationSection, ModelSection
from navab.release.find import FoundRelease, find_release, find_releases, own_releases
from navab.stages.triples import request_for
from navab.view import View

_MOST_FOR_WORDS = 20_000  # triples of a nation that the bag of words reads
_TAKEN_OVER = ["triple_id", "fingerprint", "order", "outcome", "margin", "scores", "answer"]


class Model:
    """A model of the configuration, loaded when it is first asked."""

    def __init__(self, section: ModelSection) -> None:
        self.section = section
        self.name = model_name(section)

    @cached_property
    def scorer(self) -> Scorer:
        return load_scorer(self.section)

    @property
    def cutoff(self) -> datetime | None:
        day = self.section.cutoff
        return None if day is None else datetime.combine(day, time_of_day.max, UTC)


def model_beside(judge: Model | None, section: ModelSection) -> Model:
    """A model; the judge itself where both are the same, for a GPU may have no room for two."""
    return judge if judge is not None and judge.section == section else Model(section)


def evaluate(view: View, sections: Sequence[ModelSection], options: EvaluationSection) -> list[EvaluationRecord]:
    """Evaluate models on the releases of the options; the records of all runs, those that were done before included.

    Raises EngineError if a model fails: what it has scored until then is kept. StorageError if the lake's store ignores
    the conditions on which commits rest.
    """
    view.lake.check_location()
    asked = [
        (release, ask(view.lake, release, options)) for release in find_releases(view.lake.storage, options.releases)
    ]
    judge = None if options.judge is None else Model(options.judge)
    records = [evaluate_words(view, *one) for one in asked] if options.baselines else []
    for section in sections:
        model = model_beside(judge, section)
        for release, questions in asked:
            for run in _plan(view, model, judge, release, questions, options):
                records.append(evaluate_run(view, run, questions, model, judge, release, options))
    return records


def ask(lake: Lake, release: FoundRelease, options: EvaluationSection) -> Questions:
    """What is asked about a release: its triples, and the core set unless it is that itself."""
    split = None if options.split == "all" else options.split
    core = _core(lake, release, options.core)
    questions = choose(release.dataset(split), None if core is None else core.dataset(split), options.limit)
    if not len(questions.ids):
        name = release.manifest.name
        raise ConfigurationError(f"release {name} has no triples in split '{options.split}': set evaluation.split")
    frozen = {} if core is None else {"core": core.manifest.fingerprint}
    return replace(questions, scope={"split": options.split, **frozen})


def _core(lake: Lake, release: FoundRelease, name: str | None) -> FoundRelease | None:
    """The release whose triples are the core set, by default the lake's earliest; None if a release is its own.

    Data sets of others and releases that lie elsewhere are their own: they have nothing in common with the lake's.
    """
    fingerprint = release.manifest.fingerprint
    if name is not None:
        core = find_release(lake.storage, name)
    else:
        own = own_releases(lake.storage)
        core = own[0] if fingerprint in {one.manifest.fingerprint for one in own} else release
    return None if core.manifest.fingerprint == fingerprint else core


def evaluate_words(view: View, release: FoundRelease, questions: Questions) -> EvaluationRecord:
    """The baseline without any model: how well words alone tell S from RS, and how often either is negated."""
    # Whatever is asked besides a triple changes what words are learnt, and so its outcome.
    scope = {**questions.scope, "triples": set_digest(questions.ids)}
    named = (release.manifest.name, release.manifest.fingerprint, BAG_OF_WORDS)
    run = Run(*named, "mc", "none", "choices_only", scope=scope)
    known = read_record(view.lake.storage, run.run_id)
    if known is not None and known.finished:
        return known
    rows = RunRows(view.lake, run)
    rows.open()
    record = start_record(run, len(questions.ids), None)
    for nation in questions.nations:
        own = questions.of(nation)
        parts = {triple: part.name for part in own.parts for triple in part.chosen["triple_id"]}
        triples = collect(own, _MOST_FOR_WORDS)
        outcomes = [one for one in bag_of_words(triples) if one.triple_id not in rows.done]
        if outcomes:
            rows.keep(run.rows(triples, outcomes, parts))
        negated = negations(triples, lambda triple, text: view.registry.negates(triple.nation, triple.language, text))
        record.negated[nation] = (negated.statements, negated.reversals)
    rows.commit()
    record.finished = True
    save_record(view.lake.storage, record)
    return record


def _plan(
    view: View,
    model: Model,
    judge: Model | None,
    release: FoundRelease,
    questions: Questions,
    options: EvaluationSection,
) -> list[Run]:
    """The runs of a model on a release."""
    made_by_us = release.manifest.lineage.engines == [engine_name(view.configuration.engine)]
    asked = Asked(options.methods, options.protocols, options.baselines, made_by_us)
    settings = {"model": identity(model.section)}
    judged = {"judge": None if judge is None else identity(judge.section), "answer_tokens": options.answer_tokens}
    named = (release.manifest.name, release.manifest.fingerprint, model.name)
    return [replace(run, scope=questions.scope) for run in plan_runs(asked, *named, settings, judged)]


def evaluate_run(
    view: View,
    run: Run,
    questions: Questions,
    model: Model,
    judge: Model | None,
    release: FoundRelease,
    options: EvaluationSection,
) -> EvaluationRecord:
    """Make what a run lacks; its record. Whatever ends it early, what is scored is kept."""
    rows = RunRows(view.lake, run)
    rows.open()
    known = read_record(view.lake.storage, run.run_id)
    pending = len(set(questions.ids) - rows.done)
    if known is not None and known.finished and pending == known.skipped:
        return _with_cutoff(view.lake, known, model.cutoff)
    record = start_record(run, len(questions.ids), model.cutoff)
    save_record(view.lake.storage, record)
    started = monotonic()
    try:
        record.skipped = _ask_pending(view, run, rows, questions, model, judge, options, pending)
    finally:
        rows.commit()
        record.seconds = monotonic() - started
    if options.baselines and run.method == "likelihood" and run.condition == "full":
        record.canary_rank = canary_rank(model.scorer, release.manifest.canary)
    record.finished = True
    save_record(view.lake.storage, record)
    return record


def _with_cutoff(lake: Lake, record: EvaluationRecord, cutoff: datetime | None) -> EvaluationRecord:
    """A finished run's record with the cut-off that its model has now."""
    if record.cutoff != cutoff:
        record.cutoff = cutoff
        save_record(lake.storage, record)
    return record


def _ask_pending(
    view: View,
    run: Run,
    rows: RunRows,
    questions: Questions,
    model: Model,
    judge: Model | None,
    options: EvaluationSection,
    pending: int,
) -> int:
    """Ask what is pending, unit by unit; how many triples the condition could not be made for."""
    prepare = rewriter(view) if run.condition == "rewritten" else list
    answers = _answers(view.lake, run)
    earlier = _earlier(view.lake, run)
    skipped = 0
    progress = Progress(f"{run.model} {run.method}", pending, "triples")
    progress.note = f"{run.protocol}, {run.condition}"
    for part, unit in questions.units(rows.done, options.unit):
        triples = prepare(unit)
        taken_over = _take_over(run, triples, earlier)
        known = {outcome.triple_id for outcome in taken_over}
        asked = [triple for triple in triples if triple.triple_id not in known]
        method = method_of(
            run, judge.scorer if judge and asked and run.method == "aj" else None, options.answer_tokens, answers
        )
        if model.section.addressed:
            asked = [replace(one, question=address(view.registry.get(one.nation).name, one.question)) for one in asked]
        outcomes = [*taken_over, *(method.outcomes(asked, model.scorer) if asked else ())]
        if outcomes:
            rows.keep(run.rows(triples, outcomes, dict.fromkeys((one.triple_id for one in triples), part)))
        skipped += len(unit) - len(triples)
        progress.advance(len(unit))
    progress.finish()
    return skipped


def rewriter(view: View) -> Callable[[Sequence[Triple]], list[Triple]]:
    """Has the engine that reversed the statements write them as well."""
    options = view.configuration.engine
    engine = load_engine(options, view.registry)

    def reverse(triples: Sequence[Triple]) -> list[str | None]:
        rows = [{"nation": one.nation, "language": one.language, "text": one.statement} for one in triples]
        requests = [request_for(row, options) for row in rows]
        answers = [response.parsed for response in engine.generate(requests)]
        return [answer.reversed_statement if isinstance(answer, TripleText) else None for answer in answers]

    return lambda triples: rewritten(triples, reverse)


def _answers(lake: Lake, run: Run) -> dict[int, str]:
    """What the model has answered in the run under full conditions, which a baseline need not ask again."""
    if run.method != "aj" or run.condition != "rewritten":
        return {}
    rows = run_rows(lake.table("evaluations").snapshot(), run.under("full").run_id, ["triple_id", "answer"])
    return dict(rows.drop_nulls().iter_rows())


def _earlier(lake: Lake, run: Run) -> pl.DataFrame:
    """Outcomes of the same model and method on other releases."""
    snapshot = lake.table("evaluations").snapshot()
    ids = [record.run_id for record in read_records(lake.storage) if record.made_by == run.made_by]
    found = [run_rows(snapshot, run_id, _TAKEN_OVER) for run_id in ids if run_id != run.run_id]
    return pl.concat(found).unique(["triple_id", "fingerprint", "order"]) if found else pl.DataFrame()


def _take_over(run: Run, triples: Sequence[Triple], earlier: pl.DataFrame) -> list[Outcome]:
    """Outcomes on the very same texts, scored before."""
    if earlier.is_empty():
        return []
    wanted = pl.DataFrame(
        {"triple_id": [one.triple_id for one in triples], "fingerprint": [run.fingerprint(one) for one in triples]},
        schema={"triple_id": pl.Int64, "fingerprint": pl.Int64},
    )
    found = earlier.join(wanted, on=["triple_id", "fingerprint"], how="semi").drop("fingerprint")
    return [
        Outcome(**{**row, "scores": tuple(row["scores"] or ())})
        for row in found.sort("triple_id", "order").iter_rows(named=True)
    ]
