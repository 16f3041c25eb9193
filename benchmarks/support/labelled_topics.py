"""Labelled news for benchmarks of topics and screening: texts, editors' labels, and vectors of the bundled embedder."""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.support.articles import DATA
from navab.models.embedder import Vectors, load_embedder
from navab.options.topics import EmbedderSection
from navab.stages.embeddings import lead

LABELLED = DATA.parent / "topics" / "topics.jsonl.gz"


@dataclass(frozen=True)
class Labelled:
    """Rows of one labelled set or of several, and their vectors."""

    rows: list[dict[str, Any]]
    vectors: Vectors

    def where(self, chosen: npt.NDArray[np.bool_]) -> Labelled:
        return Labelled([row for row, keep in zip(self.rows, chosen, strict=True) if keep], self.vectors[chosen])

    def column(self, name: str) -> npt.NDArray[np.object_]:
        return np.array([row[name] for row in self.rows], dtype=object)

    @property
    def texts(self) -> list[str]:
        return [f"{row['title'] or ''}\n{row['text'] or ''}" for row in self.rows]

    @property
    def is_reported(self) -> npt.NDArray[np.bool_]:
        """The half that nothing was chosen on, by a hash of ids."""
        digests = [hashlib.md5(str(row["id"]).encode(), usedforsecurity=False).hexdigest() for row in self.rows]
        return np.array([int(digest, 16) % 2 == 1 for digest in digests])


def labelled_news() -> Labelled:
    """All labelled news, embedded; raises FileNotFoundError without the shared data."""
    if not LABELLED.is_file():
        raise FileNotFoundError(f"labelled news are not at {LABELLED}: this benchmark needs the shared data")
    with gzip.open(LABELLED, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    embedder = load_embedder(EmbedderSection())
    chars = EmbedderSection().lead_chars
    vectors = embedder.encode([lead(row["title"], row["text"] or row["title"] or "", chars) for row in rows])
    return Labelled(rows, vectors)
