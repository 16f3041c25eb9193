"""From releases to aligned models: train on the train split, and measure on the test split what that changed.

Reads a release; writes `<lake>/alignments` and the table `evaluations`. Needs no claim. What is trained and scored is
kept: a command that was stopped goes on where it stopped.
"""

from __future__ import annotations

import io
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

import polars as pl

from navab.alignment.artefacts import ALL, Artefacts, measure
from navab.alignment.checkpoints import fetch_folder, is_complete
from navab.alignment.general import ask_general, general_questions
from navab.alignment.learning import ADAPTER, check_settings
from navab.alignment.methods import check_installed
from navab.alignment.summary import Summary, summarise
from navab.alignment.training import PAIRS, Cues, Training, TrainingRecord, read_training, save_training
from navab.errors import ConfigurationError
from navab.evaluate import Model, evaluate
from navab.execution.training import Place, read_curve, train_on_ray
from navab.lake.storage import Storage
from navab.lessons import Lessons
from navab.options.alignment import AlignmentSection
from navab.options.evaluation import EvaluationSection, ModelSection
from navab.release.find import FoundRelease, find_releases
from navab.view import View


@dataclass(frozen=True, slots=True)
class Aligned:
    """All trainings of a command, what gives the pairs away that the first learned from, and what they changed."""

    records: list[TrainingRecord]
    artefacts: list[Artefacts]
    summaries: list[Summary]


def align(view: View, options: AlignmentSection) -> Aligned:
    """Train and measure all that the options ask for; what was trained and scored before is not done again.

    Raises ConfigurationError if there is nothing to learn, ConservationError if the release's split leaks, EngineError
    if what trains models is missing or fails.
    """
    check_installed()
    check_settings(options)
    if options.model is None:
        raise ConfigurationError("no model is named: give --model or set alignment.model")
    release = find_releases(view.lake.storage, () if options.release is None else (options.release,))[0]
    lessons = Lessons(view, release, options)
    base = ModelSection(model=_address(options.model), dtype=options.evaluation_precision)
    trainings = lessons.plan(base)
    pairs = [_kept_pairs(view.lake.storage, lessons, training) for training in trainings]
    measured = _evaluation(view, release, options)
    if trainings[0].addressed:
        base = base.model_copy(update={"addressed": True, "name": f"{trainings[0].model_name} (nation named)"})
    before = {record.method: record.run_id for record in evaluate(view, [base], measured)}
    records: list[TrainingRecord] = []
    for training, own in zip(trainings, pairs, strict=True):
        record = _train(view, lessons, training, own)
        record.before = before
        if record.general_before is None:
            asked = [one.general_before for one in records if one.general_before is not None]
            record.general_before = asked[0] if asked else ask_general(Model(base).scorer, general_questions())
        _measure(view, training, base, record, measured)
        records.append(record)
    return Aligned(records, measure(pairs[0]), summarise(view.lake, view.registry, records, [release]))


def _kept_pairs(storage: Storage, lessons: Lessons, training: Training) -> pl.DataFrame:
    """The pairs of a training: those it began with, for an engine that rewrites may not repeat itself."""
    path = Place(storage, training.training_id).path(PAIRS)
    if storage.exists(path):
        return pl.read_ndjson(io.BytesIO(storage.read_bytes(path)), schema_overrides={"weight": pl.Float64})
    return lessons.pairs(training)


def _train(view: View, lessons: Lessons, training: Training, pairs: pl.DataFrame) -> TrainingRecord:
    """Make what a training lacks; its record."""
    storage = view.lake.storage
    place = Place(storage, training.training_id)
    record = read_training(storage, training.training_id)
    if record is not None and record.finished and is_complete(storage, place.path(ADAPTER)):
        return record
    storage.write_bytes(place.path(PAIRS), pairs.write_ndjson().encode())
    record = record or _start_record(training, pairs)
    save_training(storage, record)
    started = monotonic()
    train_on_ray(lessons.lesson(training, pairs), place, training.name, view.configuration.resources)
    record.seconds += monotonic() - started
    record.curve, record.finished = read_curve(place), True
    save_training(storage, record)
    return record


def _start_record(training: Training, pairs: pl.DataFrame) -> TrainingRecord:
    everything = next(one for one in measure(pairs) if one.nation == ALL)
    words = everything.words.mean if everything.words.count else None
    return TrainingRecord(
        training_id=training.training_id,
        release=training.release,
        model=training.model_name,
        name=training.name,
        method=training.options.method,
        arm=training.arm,
        nations=training.nations,
        seed=training.seed,
        pairs=pairs.height,
        cues=Cues(words=words, negation=everything.polarity, length=everything.length),
        left_out=len(training.left_out),
        settings=training.options.model_dump(mode="json"),
        started_at=datetime.now(UTC),
    )


def _measure(
    view: View, training: Training, base: ModelSection, record: TrainingRecord, options: EvaluationSection
) -> None:
    """Evaluate an aligned model as the model before it was evaluated; what was scored before is not scored again."""
    storage = view.lake.storage
    with tempfile.TemporaryDirectory(prefix="navab-adapter-") as folder:
        adapter = _local(storage, Place(storage, training.training_id).path(ADAPTER), Path(folder))
        section = base.model_copy(update={"model": _address(str(adapter)), "name": training.name})
        record.after = {run.method: run.run_id for run in evaluate(view, [section], options)}
        if record.general_after is None:
            record.general_after = ask_general(Model(section).scorer, general_questions())
    save_training(storage, record)


def _address(model: str) -> str:
    """A folder by its absolute path: workers have another working directory, and adapters name their model."""
    return str(Path(model).resolve()) if Path(model).is_dir() else model


def _local(storage: Storage, path: str, folder: Path) -> Path:
    """A folder of the storage as a local one."""
    if storage.is_local:
        return Path(path)
    fetch_folder(storage, path, folder)
    return folder


def _evaluation(view: View, release: FoundRelease, options: AlignmentSection) -> EvaluationSection:
    changes = {
        "releases": (release.uri,),
        "methods": options.methods,
        "protocols": ("debiased",),
        "limit": options.limit,
        "split": "test",
        "baselines": False,
        "core": release.uri,
    }
    return view.configuration.evaluation.model_copy(update=changes)
