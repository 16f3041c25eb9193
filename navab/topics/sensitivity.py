"""Value sensitivity: a small head trained on seed sentences of value areas and of areas beside them.

The head is a support vector machine (RBF kernel) on embeddings, and beside it the likeness to the nearest seeds of
either side. It is trained in a second with whatever embedder a nation has. Its whole training set is
topics/value_areas.yaml, written for navab.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from navab.lake.hashing import text_hash
from navab.models.embedder import Embedder, Vectors
from navab.plain_yaml import parse_own
from navab.topics.cosines import cosines_of, rounded

# Chosen on one half of labelled news (benchmarks/screening.py), reported on the other.
_C, _GAMMA = 3.0, 1.0
_MARGIN_WEIGHT, _NEAREST_WEIGHT = 3.0, 10.0
_NEAREST = 3


class Area(BaseModel):
    """An area: its names by language besides English, why it counts, and seed sentences by language."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    names: Mapping[str, str] = Field(default_factory=dict)
    reason: str
    seeds: Mapping[str, tuple[str, ...]] = Field(min_length=1)

    def sentences(self) -> list[str]:
        """All seeds."""
        return [seed for seeds in self.seeds.values() for seed in seeds]


class ValueAreas(BaseModel):
    """Areas by English name; see topics/value_areas.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sensitive: Mapping[str, Area] = Field(min_length=1)
    apolitical: Mapping[str, Area] = Field(min_length=1)

    def digest(self) -> int:
        """A hash of everything that screening learns from."""
        return text_hash(self.model_dump_json())


@dataclass(frozen=True, slots=True)
class Screen:
    """A trained head: seeds as unit vectors, what each adds to the decision, and the side and area of each."""

    seeds: Vectors
    coefficients: npt.NDArray[np.float32]
    bias: float
    sensitive: npt.NDArray[np.bool_]
    areas: tuple[str, ...]

    def score(self, vectors: Vectors) -> tuple[npt.NDArray[np.float32], list[str]]:
        """Sensitivity of each vector (-1 to 1, from 0 on rather sensitive) and its nearest value area."""
        cosines = cosines_of(vectors, self.seeds)
        margin = np.exp(2 * _GAMMA * (cosines.astype(np.float64) - 1)) @ self.coefficients + self.bias
        near, far = cosines[:, self.sensitive], cosines[:, ~self.sensitive]
        evidence = _MARGIN_WEIGHT * margin + _NEAREST_WEIGHT * (_top_mean(near) - _top_mean(far))
        return rounded(np.tanh(evidence / 2)), [self.areas[index] for index in near.argmax(axis=1)]


@cache
def value_areas() -> ValueAreas:
    """The value areas that come with the package."""
    content = (resources.files("navab.topics") / "value_areas.yaml").read_text("utf-8")
    return ValueAreas.model_validate(parse_own(content))


def build_screen(areas: ValueAreas, embedder: Embedder) -> Screen:
    """Train the head with a nation's embedder."""
    from sklearn.svm import SVC  # noqa: PLC0415  (seconds to import)

    near = [(name, seed) for name, area in areas.sensitive.items() for seed in area.sentences()]
    far = [seed for area in areas.apolitical.values() for seed in area.sentences()]
    seeds = embedder.encode([*(seed for _, seed in near), *far])
    sensitive = np.arange(len(seeds)) < len(near)
    head = SVC(C=_C, gamma=_GAMMA, class_weight="balanced").fit(seeds, sensitive)
    coefficients = np.zeros(len(seeds), dtype=np.float32)
    coefficients[head.support_] = head.dual_coef_[0]
    return Screen(seeds, coefficients, float(head.intercept_[0]), sensitive, tuple(name for name, _ in near))


def _top_mean(cosines: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    count = min(_NEAREST, cosines.shape[1])
    top: npt.NDArray[np.float32] = np.partition(cosines, -count, axis=1)[:, -count:].mean(axis=1)
    return top
