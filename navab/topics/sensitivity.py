"""Value sensitivity, zero-shot: nearer to seed sentences of value areas than to those of apolitical news."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
import numpy.typing as npt
import yaml
from pydantic import BaseModel, ConfigDict

from navab.models.embedder import Embedder, Vectors

_NEAREST = 3


class ValueAreas(BaseModel):
    """Seed sentences by area; see topics/value_areas.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sensitive: dict[str, tuple[str, ...]]
    apolitical: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Screen:
    """Embedded seed sentences with the area of each."""

    areas: tuple[str, ...]
    sensitive: Vectors
    apolitical: Vectors

    def score(self, vectors: Vectors) -> tuple[npt.NDArray[np.float32], list[str]]:
        """Sensitivity of each vector (difference of mean cosines, -1 to 1) and its nearest value area."""
        near = vectors @ self.sensitive.T
        far = vectors @ self.apolitical.T
        sensitivity = _top_mean(near) - _top_mean(far)
        return sensitivity.astype(np.float32), [self.areas[index] for index in near.argmax(axis=1)]


@cache
def value_areas() -> ValueAreas:
    """The value areas that come with the package."""
    content = (resources.files("navab.topics") / "value_areas.yaml").read_text("utf-8")
    return ValueAreas.model_validate(yaml.safe_load(content))


def build_screen(areas: ValueAreas, embedder: Embedder) -> Screen:
    """Embed the seed sentences."""
    sensitive = [(area, seed) for area, seeds in areas.sensitive.items() for seed in seeds]
    apolitical = [seed for seeds in areas.apolitical.values() for seed in seeds]
    return Screen(
        tuple(area for area, _ in sensitive),
        embedder.encode([seed for _, seed in sensitive]),
        embedder.encode(apolitical),
    )


def _top_mean(similarities: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    count = min(_NEAREST, similarities.shape[1])
    top: npt.NDArray[np.float32] = np.partition(similarities, -count, axis=1)[:, -count:].mean(axis=1)
    return top
