"""fastText models of any kind, asked for many lines at once.

Pruned models, of which `lid.176.ftz` is one, answer for batches, others through the fasttext library. For fewer than
thirty lines the library is faster: a batch takes half a millisecond to set up. Scores of the two differ in the seventh
digit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import fasttext

from navab.errors import ConfigurationError
from navab.text.fasttext_batches import Answer, BatchModel
from navab.text.fasttext_file import read_fasttext_file


class LineModel(Protocol):
    """What tells the likeliest label of lines."""

    def predict(self, lines: Sequence[str]) -> list[Answer]:
        """The likeliest label of each line and its probability, or nothing where the model has no row for the line."""
        ...


@dataclass(frozen=True, slots=True)
class LibraryModel:
    """A model that the fasttext library asks, line by line."""

    library: Any

    def predict(self, lines: Sequence[str]) -> list[Answer]:
        answers = [self.library.predict(line) for line in lines]
        return [(labels[0], float(scores[0])) if labels else None for labels, scores in answers]


def load_model(path: Path) -> LineModel:
    """Load a model for many lines at a time. Raises ConfigurationError for a file that is no model."""
    try:
        file = read_fasttext_file(path)
    except ValueError as error:
        raise _no_model(path, error) from error
    return BatchModel.of(file) if file else load_library_model(path)


def load_library_model(path: Path) -> LibraryModel:
    """Load a model for few lines at a time. Raises ConfigurationError for a file that is no model."""
    try:
        return LibraryModel(fasttext.load_model(str(path)))
    except ValueError as error:
        raise _no_model(path, error) from error


def _no_model(path: Path, error: ValueError) -> ConfigurationError:
    return ConfigurationError(f"language model {path} is no fastText model: {error}")
