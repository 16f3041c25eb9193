"""Pairs that trainings keep beside their checkpoints: they hold texts, and go with the release that they came from."""

from __future__ import annotations

from navab.alignment.training import FOLDER, PAIRS, read_trainings
from navab.lake.storage import Storage


def forget_pairs(storage: Storage, release: str) -> tuple[str, ...]:
    """Delete the pairs of all trainings on a release; the names of the models that have learned from them."""
    learned = [record for record in read_trainings(storage) if record.release == release]
    kept = [storage.path(FOLDER, record.training_id, PAIRS) for record in learned]
    storage.delete_files([path for path in kept if storage.exists(path)])
    return tuple(record.name for record in learned)
