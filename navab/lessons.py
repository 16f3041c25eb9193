"""What trainings learn from: the pairs of a release's train split, by arm and seed, less what the test split knows."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

import polars as pl

from navab.alignment.leaks import lake_keys, leaking, refuse_leaks, release_keys
from navab.alignment.learning import Lesson
from navab.alignment.methods import trainer_of
from navab.alignment.pairs import addressed, balanced, drawn, flipped, negations, with_shape
from navab.alignment.training import Arm, Training
from navab.errors import ConfigurationError
from navab.evaluate import rewriter
from navab.evaluation.scorers.load import identity, model_name
from navab.evaluation.triples import triples_of
from navab.models.engines import engine_identity
from navab.options.alignment import AlignmentSection
from navab.options.evaluation import ModelSection
from navab.release.find import FoundRelease
from navab.release.preferences import in_format, preference_pairs
from navab.stages.triples import PROMPT
from navab.view import View

_SIDES = ("chosen", "rejected")
SUBSETS: dict[Arm, str] = {
    "aligned": "default",
    "flipped": "default",
    "unreduced": "without_conflict_reduction",
}


class Lessons:
    """The trainings that options ask for on a release, and what each of them learns from.

    Raises ConservationError if the release's own split leaks, ConfigurationError if it lacks what is asked for.
    """

    def __init__(self, view: View, release: FoundRelease, options: AlignmentSection) -> None:
        self._view = view
        self._release = release
        self._options = options
        self._triples: dict[str, pl.DataFrame] = {}
        refuse_leaks(release.manifest.name, release_keys(self._released))

    @cached_property
    def left_out(self) -> tuple[int, ...]:
        """Triples of train that are not learned: by the lake's tables they hang together with some of test."""
        return tuple(leaking(self._lake_keys()))

    def keys(self) -> pl.DataFrame:
        """What the released triples hang on, by the release itself and by the lake's tables."""
        return pl.concat([release_keys(self._released), self._lake_keys()])

    def _lake_keys(self) -> pl.DataFrame:
        merged = self._view.live("statements", "merged_into", "article_id").filter(pl.col("merged_into").is_not_null())
        related = self._view.current("conflicts", "verdict").filter(pl.col("verdict") != "neutral")
        return lake_keys(
            self._released,
            merged.select(pl.col("merged_into").alias("statement_id"), "article_id"),
            self._view.current("duplicates", "canonical_id").select("article_id", "canonical_id"),
            related.select("left_id", "right_id"),
        )

    def plan(self, model: ModelSection) -> list[Training]:
        """Every training that is asked for: the aligned model of each seed, then control and ablation."""
        options, manifest = self._options, self._release.manifest
        arms: list[Arm] = ["aligned"]
        arms += ["flipped"] if options.control else []
        arms += ["unreduced"] if options.ablation else []
        if options.ablation and SUBSETS["unreduced"] not in manifest.subsets():
            raise ConfigurationError(
                f"release {manifest.name} has no subset without_conflict_reduction: set "
                "release.without_conflict_reduction and run `navab release`"
            )
        first = Training(
            release=manifest.name,
            release_fingerprint=manifest.fingerprint,
            model=model.model,
            model_name=model_name(model),
            identity=identity(model),
            nations=self._nations(),
            arm="aligned",
            seed=0,
            options=options,
            writer=self._writer(),
            left_out=self.left_out,
        )
        return [replace(first, arm=arm, seed=seed) for arm in arms for seed in options.seeds]

    def pairs(self, training: Training) -> pl.DataFrame:
        """The pairs that a training learns from, in the order of learning; raises ConfigurationError if there are none.

        Statements of foreign speakers are in no arm, so that the ablation's differ by what lost a conflict alone.
        """
        pairs = drawn(self.candidates(training), training.pairs, training.seed, mirrored=training.options.balance)
        if pairs.is_empty():
            raise ConfigurationError(
                f"release {training.release} has no pairs of {', '.join(training.nations)} to learn from: choose other "
                "alignment.nations, or set alignment.balance=false"
            )
        return flipped(pairs, training.seed) if training.arm == "flipped" else pairs

    def candidates(self, training: Training) -> pl.DataFrame:
        """The pairs that a training may draw from, with their shape, and balanced if they are to be."""
        own = self._learnable(SUBSETS[training.arm]).filter(pl.col("nation").is_in(list(training.nations)))
        shaped = with_shape(own, negations(self._view.registry, own))
        return balanced(shaped, training.seed) if training.options.balance else shaped

    def lesson(self, training: Training, pairs: pl.DataFrame) -> Lesson:
        """What the workers are told: pairs in the format and the columns of the method's trainer."""
        options = training.options
        if training.addressed:
            names = {nation: self._view.registry.get(nation).name for nation in training.nations}
            pairs = addressed(pairs, names)
        if options.format == "plain":  # the very text that the method `likelihood` scores
            pairs = pairs.with_columns(pl.concat_str(pl.lit("\n"), pl.col(side)).alias(side) for side in _SIDES)
        rows = trainer_of(options.method).columns(in_format(pairs, options.format))
        return Lesson(training.model, training.seed, options, rows.to_dicts())

    @cached_property
    def _released(self) -> pl.DataFrame:
        """The triples of all subsets that are learned or measured."""
        names = [name for name in set(SUBSETS.values()) if name in self._release.manifest.subsets()]
        return pl.concat(self._release.frame(name) for name in names).unique("triple_id", maintain_order=True)

    def _learnable(self, subset: str) -> pl.DataFrame:
        """The pairs of the train split; where S is to be rewritten an engine is asked once for all trainings."""
        if subset not in self._triples:
            rows = self._release.frame(subset).filter(
                (pl.col("split") == "train")
                & pl.col("speaker_nation").ne_missing("foreign")
                & ~pl.col("triple_id").is_in(list(self.left_out))
            )
            self._triples[subset] = preference_pairs(rewrite(self._view, rows) if self._options.rewrite else rows)
        return self._triples[subset]

    def _nations(self) -> tuple[str, ...]:
        released = [code for code, count in self._release.manifest.rows["default"].items() if count]
        missing = [code for code in self._options.nations if code not in released]
        if missing:
            raise ConfigurationError(
                f"release {self._release.manifest.name} has no triples of {', '.join(missing)}: it has some of "
                f"{', '.join(sorted(released))}"
            )
        return tuple(sorted(self._options.nations or released))

    def _writer(self) -> tuple[object, ...]:
        if not self._options.rewrite:
            return ()
        languages = sorted({one for code in self._nations() for one in self._view.registry.get(code).languages})
        engine = self._view.configuration.engine
        return tuple(sorted(engine_identity(engine, PROMPT, language).items()) for language in languages)


def rewrite(view: View, rows: pl.DataFrame) -> pl.DataFrame:
    """Triples whose S the engine has written, by reversing RS; those that it cannot reverse are left out."""
    made = rewriter(view)(triples_of(rows))
    texts = pl.DataFrame(
        {"triple_id": [one.triple_id for one in made], "statement": [one.statement for one in made]},
        schema={"triple_id": pl.Int64, "statement": pl.String},
    )
    return rows.drop("statement").join(texts, on="triple_id", maintain_order="left")
