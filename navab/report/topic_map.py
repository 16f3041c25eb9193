"""The map of topics: their centroids in two dimensions, as circles to draw; free of HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from navab.report.data import Topic

WIDTH, HEIGHT = 100.0, 64.0
_COVERED = 0.12  # of the map's area, by all circles together
_LARGEST = 0.5  # of what is covered, by one circle
_LEAST_RADIUS = 0.5
_NAMED = 4
_EDGE = 0.3  # of the width: here labels run inwards


@dataclass(frozen=True, slots=True)
class Circle:
    """A topic on the map, in units of `WIDTH` by `HEIGHT`; `is_named`: large enough for its label to be written."""

    topic: Topic
    x: float
    y: float
    radius: float
    is_named: bool

    @property
    def side(self) -> str:
        """Where the label begins, in words of SVG, so that it stays on the map."""
        if self.x < _EDGE * WIDTH:
            return "start"
        return "end" if self.x > (1 - _EDGE) * WIDTH else "middle"


@dataclass(frozen=True, slots=True)
class TopicMap:
    """The circles of one nation, the largest first, so that small ones lie on top."""

    nation: str
    circles: tuple[Circle, ...]


def topic_maps(topics: Sequence[Topic]) -> list[TopicMap]:
    """A map for each nation whose topics have centroids."""
    nations = dict.fromkeys(topic.nation for topic in topics if topic.centroid)
    return [
        _map(nation, [topic for topic in topics if topic.nation == nation and topic.centroid]) for nation in nations
    ]


def project(centroids: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Principal components of unit vectors, shape (n, 2), each from 0 to 1; the same on any machine.

    Signs are chosen so that the topic farthest out lies right and above; 0.5 where there is nothing to spread.
    """
    centred = (centroids - centroids.mean(axis=0)).astype(np.float64)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    points = np.full((len(centroids), 2), 0.5)
    for column, axis in enumerate(axes[:2]):
        along = centred @ axis
        along *= np.sign(along[np.abs(along).round(6).argmax()]) or 1.0
        span = float(np.ptp(along))
        if span > 1e-6:
            points[:, column] = (along - along.min()) / span
    return points


def _map(nation: str, topics: list[Topic]) -> TopicMap:
    points = project(np.array([topic.centroid for topic in topics], dtype=np.float32))
    sizes = np.array([topic.articles for topic in topics], dtype=np.float64)
    share = sizes / max(sizes.sum(), 1.0)
    areas = np.minimum(share, _LARGEST) * _COVERED * WIDTH * HEIGHT
    radii = np.maximum(np.sqrt(areas / np.pi), _LEAST_RADIUS)
    margin = float(radii.max()) + 1
    order = np.lexsort((np.arange(len(topics)), -sizes))
    circles = [
        Circle(
            topics[row],
            x=round(margin + points[row, 0] * (WIDTH - 2 * margin), 2),
            y=round(margin + (1 - points[row, 1]) * (HEIGHT - 2 * margin), 2),
            radius=round(float(radii[row]), 2),
            is_named=place < _NAMED,
        )
        for place, row in enumerate(order.tolist())
    ]
    return TopicMap(nation, tuple(circles))
