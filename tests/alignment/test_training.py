"""What identifies a training, what its trainer reads, and what is said when something is missing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from navab.alignment.methods import check_installed, completions, judged, preferences, trainer_of
from navab.alignment.training import Point, Training, TrainingRecord, read_training, read_trainings, save_training
from navab.errors import ConfigurationError, EngineError
from navab.lake.storage import Storage
from navab.options.alignment import AlignmentSection
from tests.alignment.made import frame, pair

TRAINING = Training(
    release="r",
    release_fingerprint="f",
    model="/models/m",
    model_name="m",
    identity={"model": "digest"},
    nations=("cn", "uk"),
    arm="aligned",
    seed=0,
    options=AlignmentSection(),
)


def record(training: Training, **changes: object) -> TrainingRecord:
    """The record of a training that has just begun."""
    return TrainingRecord.model_validate(
        {
            "training_id": training.training_id,
            "release": training.release,
            "model": training.model_name,
            "name": training.name,
            "method": training.options.method,
            "arm": training.arm,
            "nations": training.nations,
            "seed": training.seed,
            "pairs": 8,
            "settings": training.options.model_dump(mode="json"),
            "started_at": datetime(2026, 1, 1, tzinfo=UTC),
            **changes,
        }
    )


@pytest.mark.parametrize(
    "other",
    [
        {"release_fingerprint": "g"},
        {"identity": {"model": "other"}},
        {"nations": ("uk",)},
        {"arm": "flipped"},
        {"seed": 1},
        {"writer": ("rules",)},
        {"left_out": (17,)},
        {"options": AlignmentSection(beta=0.2)},
        {"options": AlignmentSection(workers=2)},
    ],
)
def test_what_decides_the_weights_makes_another_training(other: dict[str, object]) -> None:
    assert replace(TRAINING, **other).training_id != TRAINING.training_id  # type: ignore[arg-type]


def test_where_the_model_lies_and_how_it_is_watched_do_not() -> None:
    options = AlignmentSection(checkpoint_steps=7, logging_steps=3, limit=9, seeds=(0, 1), control=True)
    assert replace(TRAINING, model="/elsewhere/m", options=options).training_id == TRAINING.training_id


def test_a_record_is_read_back(tmp_path: Path) -> None:
    storage = Storage(str(tmp_path))
    made = record(TRAINING, curve=[Point(step=1, loss=0.5, accuracy=0.75)])
    save_training(storage, made)
    assert read_training(storage, TRAINING.training_id) == made
    assert read_trainings(storage) == [made]
    assert read_training(storage, "0" * 16) is None


def test_trainers_read_their_own_columns() -> None:
    pairs = frame([pair(1), pair(2)])
    assert preferences(pairs).columns == ["prompt", "chosen", "rejected"]
    assert completions(pairs)["completion"].to_list() == pairs["chosen"].to_list()
    rows = judged(pairs).rows()
    assert rows[:2] == [
        ("Should rule 1 hold?", "Rule 1 should hold.", True),
        ("Should rule 1 hold?", "Rule 1 should not hold.", False),
    ]
    assert len(rows) == 4


def test_an_unknown_trainer_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match="known methods are dpo, sft, kto, orpo, cpo"):
        trainer_of("ppo")


def test_what_is_missing_is_said_with_the_line_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(EngineError, match=r"alignment needs torch: pip install 'navab\[alignment\]'"):
        check_installed()
