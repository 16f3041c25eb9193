"""From releases to aligned models: train on the train split, and measure on the test split what that changed.

Reads a release; writes `<lake>/alignments` and the table `evaluations`. Needs no claim. What is trained and scored is
kept: a command that was stopped goes on where it stopped.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

import polars as pl

from navab.alignment.artefacts import Artefacts, measure
from navab.alignment.checkpoints import fetch_folder, is_complete
from navab.alignment.general import ask_general, general_questions
from navab.alignment.leaks import lake_keys, refuse_leaks, release_keys
from navab.alignment.learning import ADAPTER, Lesson
from navab.alignment.methods import check_installed, trainer_of
from navab.alignment.pairs import addressed, balanced, drawn, flipped, negations, with_shape
from navab.alignment.summary import Summary, summarise
from navab.alignment.training import Arm, Training, TrainingRecord, read_training, save_training
from navab.errors import ConfigurationError
from navab.evaluate import Model, evaluate, rewriter
from navab.evaluation.scorers.load import identity, model_name
from navab.evaluation.triples import triples_of
from navab.execution.training import Place, read_curve, train_on_ray
from navab.lake.storage import Storage
from navab.options.alignment import AlignmentSection
from navab.options.evaluation import EvaluationSection, ModelSection
from navab.release.find import FoundRelease, find_releases
from navab.release.preferences import in_format, preference_pairs
from navab.view import View

_SIDES = ("chosen", "rejected")
_TRAIN = pl.col("split") == "train"
_SUBSETS: dict[Arm, str] = {
    "aligned": "default",
    "flipped": "default",
    "unreduced": "without_conflict_reduction",
}


@dataclass(frozen=True, slots=True)
class Aligned:
    """All trainings of a command, what gives the pairs away that they learned from, and what they changed."""

    records: list[TrainingRecord]
    artefacts: list[Artefacts]
    summaries: list[Summary]


def align(view: View, options: AlignmentSection) -> Aligned:
    """Train and measure all that the options ask for; trainings that were finished are not done again.

    Raises ConfigurationError if there is nothing to learn, ConservationError if the release's split leaks, EngineError
    if what trains models is missing or fails.
    """
    check_installed()
    trainer_of(options.method)
    release = _release(view, options)
    refuse_leaks(release.manifest.name, split_keys(view, release))
    trainings = plan_trainings(view, release, options)
    base = _section(options.model or "", trainings[0])
    measured = _evaluation(view, release, options)
    before = {record.method: record.run_id for record in evaluate(view, [base], measured)}
    records: list[TrainingRecord] = []
    for training in trainings:
        record = _train(view, release, training)
        if not record.after:
            asked = [one.general_before for one in records if one.general_before is not None]
            record.before = before
            record.general_before = asked[0] if asked else ask_general(Model(base).scorer, general_questions())
            _measure(view, training, record, measured)
        records.append(record)
    pairs = training_pairs(view, release, trainings[0])
    return Aligned(records, measure(pairs), summarise(view.lake, view.registry, records, [release]))


def plan_trainings(view: View, release: FoundRelease, options: AlignmentSection) -> list[Training]:
    """Every training that is asked for: the aligned model of each seed, then control and ablation."""
    if options.model is None:
        raise ConfigurationError("no model is named: give --model or set alignment.model")
    arms: list[Arm] = ["aligned"]
    arms += ["flipped"] if options.control else []
    arms += ["unreduced"] if options.ablation else []
    if options.ablation and _SUBSETS["unreduced"] not in release.manifest.subsets():
        raise ConfigurationError(
            f"release {release.manifest.name} has no subset without_conflict_reduction: set "
            "release.without_conflict_reduction and run `navab release`"
        )
    section = ModelSection(model=_address(options.model))
    nations = options.nations or tuple(
        nation for nation in release.manifest.nations if release.manifest.rows["default"].get(nation)
    )
    return [
        Training(
            release=release.manifest.name,
            release_fingerprint=release.manifest.fingerprint,
            model=section.model,
            model_name=model_name(section),
            identity=identity(section),
            nations=tuple(sorted(nations)),
            arm=arm,
            seed=seed,
            options=options,
        )
        for arm in arms
        for seed in options.seeds
    ]


def training_pairs(view: View, release: FoundRelease, training: Training) -> pl.DataFrame:
    """The pairs that a training learns from, in the order of learning; raises ConfigurationError if there are none.

    Statements of foreign speakers are in no arm, so that the ablation's differ by what lost a conflict alone.
    """
    options = training.options
    rows = release.frame(_SUBSETS[training.arm]).filter(
        _TRAIN & pl.col("nation").is_in(training.nations) & pl.col("speaker_nation").ne_missing("foreign")
    )
    pairs = drawn(choose_pairs(view, rows, options, training.seed), options.pairs, training.seed)
    if training.arm == "flipped":
        pairs = flipped(pairs, training.seed)
    if pairs.is_empty():
        raise ConfigurationError(
            f"release {training.release} has no pairs of {', '.join(training.nations)} to learn from: choose other "
            "alignment.nations, or set alignment.balance=false"
        )
    return pairs


def choose_pairs(view: View, triples: pl.DataFrame, options: AlignmentSection, seed: int) -> pl.DataFrame:
    """The pairs of triples that may be learned, with their shape: rewritten and balanced as the options say."""
    pairs = preference_pairs(_rewritten(view, triples) if options.rewrite else triples)
    shaped = with_shape(pairs, negations(view.registry, pairs))
    return balanced(shaped, seed) if options.balance else shaped


def lesson_of(view: View, training: Training, pairs: pl.DataFrame) -> Lesson:
    """What the workers are told: pairs in the format and the columns of the method's trainer."""
    options = training.options
    if training.addressed:
        pairs = addressed(pairs, {nation: view.registry.get(nation).name for nation in training.nations})
    if options.format == "plain":  # the very text that the method `likelihood` scores
        pairs = pairs.with_columns(pl.concat_str(pl.lit("\n"), pl.col(side)).alias(side) for side in _SIDES)
    rows = trainer_of(options.method).columns(in_format(pairs, options.format))
    return Lesson(training.model, training.seed, options, rows.to_dicts())


def _release(view: View, options: AlignmentSection) -> FoundRelease:
    return find_releases(view.lake.storage, () if options.release is None else (options.release,))[0]


def _address(model: str) -> str:
    """A folder by its absolute path: workers have another working directory, and adapters name their model."""
    return str(Path(model).resolve()) if Path(model).is_dir() else model


def split_keys(view: View, release: FoundRelease) -> pl.DataFrame:
    """What the triples of a release hang on, by the release itself and by the lake's tables."""
    subsets = [name for name in _SUBSETS.values() if name in release.manifest.subsets()]
    triples = pl.concat(release.frame(name) for name in set(subsets)).unique("triple_id")
    merged = view.live("statements", "merged_into", "article_id").filter(pl.col("merged_into").is_not_null())
    related = view.current("conflicts", "verdict").filter(pl.col("verdict") != "neutral")
    return pl.concat(
        [
            release_keys(triples),
            lake_keys(
                triples,
                merged.select(pl.col("merged_into").alias("statement_id"), "article_id"),
                view.current("duplicates", "canonical_id").select("article_id", "canonical_id"),
                related.select("left_id", "right_id"),
            ),
        ]
    )


def _rewritten(view: View, rows: pl.DataFrame) -> pl.DataFrame:
    """Triples whose S the engine has written, by reversing RS; those that it cannot reverse are left out."""
    made = rewriter(view)(triples_of(rows))
    texts = pl.DataFrame(
        {"triple_id": [one.triple_id for one in made], "statement": [one.statement for one in made]},
        schema={"triple_id": pl.Int64, "statement": pl.String},
    )
    return rows.drop("statement").join(texts, on="triple_id", maintain_order="left")


def _train(view: View, release: FoundRelease, training: Training) -> TrainingRecord:
    """Make what a training lacks; its record."""
    storage, options = view.lake.storage, training.options
    place = Place(storage, training.training_id)
    record = read_training(storage, training.training_id)
    if record is not None and record.finished and is_complete(storage, place.path(ADAPTER)):
        return record
    pairs = training_pairs(view, release, training)
    lesson = lesson_of(view, training, pairs)
    storage.write_bytes(place.path("pairs.jsonl"), pairs.write_ndjson().encode())
    record = record or TrainingRecord(
        training_id=training.training_id,
        release=training.release,
        model=training.model_name,
        name=training.name,
        method=options.method,
        arm=training.arm,
        nations=training.nations,
        seed=training.seed,
        pairs=min(pairs.height, options.steps * options.batch * options.accumulate * options.workers),
        settings=options.model_dump(mode="json"),
        started_at=datetime.now(UTC),
    )
    save_training(storage, record)
    started = monotonic()
    train_on_ray(lesson, place, training.name, view.configuration.resources)
    record.seconds += monotonic() - started
    record.curve, record.finished = read_curve(place), True
    save_training(storage, record)
    return record


def _measure(view: View, training: Training, record: TrainingRecord, options: EvaluationSection) -> None:
    """Evaluate an aligned model as the model before it was evaluated."""
    storage = view.lake.storage
    with tempfile.TemporaryDirectory(prefix="navab-adapter-") as folder:
        adapter = _local(storage, Place(storage, training.training_id).path(ADAPTER), Path(folder))
        section = _section(str(adapter), training).model_copy(update={"name": training.name})
        record.after = {run.method: run.run_id for run in evaluate(view, [section], options)}
        record.general_after = ask_general(Model(section).scorer, general_questions())
    save_training(storage, record)


def _local(storage: Storage, path: str, folder: Path) -> Path:
    """A folder of the storage as a local one."""
    if storage.is_local:
        return Path(path)
    fetch_folder(storage, path, folder)
    return folder


def _section(model: str, training: Training) -> ModelSection:
    """How evaluations reach a model before and after: in float32, asked as it was trained."""
    return ModelSection(model=_address(model), addressed=training.addressed)


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
