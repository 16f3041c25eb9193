"""One training: what identifies it, what it learns, and what is kept of it.

Files of a training lie at `<lake>/alignments/<training_id>/`: `training.json`, `pairs.jsonl`, `curve.json`,
`checkpoints/<step>/` and `adapter/`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Literal

from pydantic import BaseModel, Field, ValidationError

from navab.alignment.methods import trainer_of
from navab.lake.hashing import signature
from navab.lake.storage import Storage
from navab.options.alignment import AlignmentSection

FOLDER = "alignments"  # of a lake
VERSION = 2  # raise it when the same settings would train another model
Arm = Literal["aligned", "flipped", "unreduced"]

PAIRS = "pairs.jsonl"
_RECORD = "training.json"
# What does not decide the weights: how training is watched, kept and measured, and which trainings there are besides.
NOT_DECIDING = frozenset(
    {"model", "release", "nations", "seeds", "control", "ablation", "checkpoint_steps", "logging_steps", "failures",
     "methods", "limit", "evaluation_precision", "cpus_per_worker"}
)  # fmt: skip


@dataclass(frozen=True)
class Training:
    """One model, on the pairs of one release, with one seed.

    `arm` says what stands in the pairs: the release's labels, labels flipped at random, or all statements, those that
    lost a conflict included. `identity` is that of the model's weights, `writer` of the engine that rewrites S, if one
    does; `left_out` are triples that are not learned, for the lake shows that the test split knows them.
    """

    release: str
    release_fingerprint: str
    model: str
    model_name: str
    identity: Mapping[str, object]
    nations: tuple[str, ...]
    arm: Arm
    seed: int
    options: AlignmentSection
    writer: tuple[object, ...] = ()
    left_out: tuple[int, ...] = ()

    @cached_property
    def training_id(self) -> str:
        """Sixteen hexadecimal digits: the same training started again goes on where it stopped."""
        found = signature(
            "alignment",
            VERSION,
            release=self.release_fingerprint,
            model=self.identity,
            nations=self.nations,
            arm=self.arm,
            seed=self.seed,
            writer=self.writer,
            left_out=self.left_out,
            options=self.options.model_dump(mode="json", exclude=set(NOT_DECIDING)),
        )
        return f"{found & (2**64 - 1):016x}"

    @property
    def name(self) -> str:
        """How results call the aligned model: trainings of other settings have another mark at the end."""
        nations = "+".join(self.nations)
        arm = "" if self.arm == "aligned" else f" {self.arm}"
        return f"{self.model_name} {self.options.method}{arm} {nations} seed {self.seed} ({self.training_id[:6]})"

    @property
    def pairs(self) -> int:
        """Pairs that are learned at most: what all steps need, or as many as the options allow."""
        options = self.options
        rows = options.steps * options.batch * options.accumulate * options.workers
        needed = -(-rows // trainer_of(options.method).rows)
        return needed if options.pairs is None else min(needed, options.pairs)

    @property
    def addressed(self) -> bool:
        """Whether prompts name the nation."""
        return len(self.nations) > 1


class Point(BaseModel):
    """A point of the curve; accuracy and margin (of implicit rewards) where the method has them."""

    step: int
    loss: float
    accuracy: float | None = None
    margin: float | None = None


class Cues(BaseModel):
    """Share of the pairs that were learned on which a cue alone picks the chosen text: words, no negation, length.

    `words` is None where there are too few leakage groups to learn from.
    """

    words: float | None
    negation: float
    length: float


class General(BaseModel):
    """What a model makes of the general questions: shares of right picks and of sound free answers."""

    right: float
    answered: float
    questions: int


class TrainingRecord(BaseModel):
    """What a training was and how it ended; runs are of the table `evaluations`, by method."""

    training_id: str
    release: str
    model: str
    name: str
    method: str
    arm: Arm
    nations: tuple[str, ...]
    seed: int
    pairs: int
    settings: dict[str, object]
    started_at: datetime
    seconds: float = 0.0
    cues: Cues | None = None
    left_out: int = 0
    curve: tuple[Point, ...] = ()
    before: dict[str, str] = Field(default_factory=dict)
    after: dict[str, str] = Field(default_factory=dict)
    general_before: General | None = None
    general_after: General | None = None
    finished: bool = False


def save_training(storage: Storage, record: TrainingRecord) -> None:
    """Write what a training was."""
    path = storage.path(FOLDER, record.training_id, _RECORD)
    storage.write_bytes(path, record.model_dump_json(indent=1).encode())


def read_training(storage: Storage, training_id: str) -> TrainingRecord | None:
    """The record of a training; None if there is none, or one of another version."""
    try:
        return TrainingRecord.model_validate_json(storage.read_bytes(storage.path(FOLDER, training_id, _RECORD)))
    except (FileNotFoundError, ValidationError):
        return None


def read_trainings(storage: Storage) -> list[TrainingRecord]:
    """All trainings of a lake, the earliest first."""
    folders = storage.list_folders(storage.path(FOLDER))
    records = [read_training(storage, folder.rsplit("/", 1)[1]) for folder in folders]
    found = [record for record in records if record is not None]
    return sorted(found, key=lambda record: (record.started_at, record.training_id))
