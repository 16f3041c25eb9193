"""Train a tiny model on made-up pairs in a process of its own, which a test may kill.

python -m tests.alignment.training_process MODEL LAKE TRAINING_ID key=value...
"""

from __future__ import annotations

import sys

import yaml

from navab.alignment.learning import Lesson
from navab.alignment.methods import trainer_of
from navab.execution.training import Place, train_on_ray
from navab.lake.storage import Storage
from navab.options.alignment import AlignmentSection
from navab.options.resources import ResourcesSection
from tests.alignment.made import frame, pair

PAIRS = 48


def lesson(model: str, **changes: object) -> Lesson:
    """Pairs whose chosen text is not negated, to be learned in 12 steps of 4."""
    options = {"format": "plain", "steps": 12, "batch": 4, "checkpoint_steps": 4, "logging_steps": 1}
    section = AlignmentSection.model_validate({**options, "learning_rate": 5e-3, **changes})
    pairs = frame([pair(number) for number in range(PAIRS)])
    return Lesson(model, 0, section, trainer_of(section.method).columns(pairs).to_dicts())


def main() -> None:
    model, lake, training_id, *changes = sys.argv[1:]
    settings = {key: yaml.safe_load(value) for key, _, value in (change.partition("=") for change in changes)}
    train_on_ray(lesson(model, **settings), Place(Storage(lake), training_id), "test", ResourcesSection())


if __name__ == "__main__":
    main()
