"""Topics at size: a fit on 50,000 vectors, and the assignment of 1,000,000 vectors to 500 topics.

python -m benchmarks.topic_sizes        about 6 minutes, 3 GB; needs ../shared/data

Vectors are those of labelled news, multiplied with noise (cosine to the original about 0.9), so that they lie as news
lies. The fit runs in one process, as in a run; assignment runs in two, 10,000 vectors at a time, as two units of a run
would. Memory is the proportional set size of all processes.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
import polars as pl

from benchmarks.support.labelled_topics import labelled_news
from benchmarks.support.measure import PeakMemory, line
from navab.models.embedder import Vectors
from navab.topics.assignment import assign
from navab.topics.clustering import Clustering, find_clusters
from navab.topics.model import Topic, topic_frame

LEAST_RATE, MOST_SECONDS, MOST_BYTES = 30_000.0, 180.0, 6 * 2**30
TOPICS, UNIT = 500, 10_000
_NOISE = 0.48  # times the length of a vector


@dataclass(frozen=True)
class AssignUnits:
    """Assigns units of vectors made on the spot; returns seconds without their making, and how many have a topic."""

    vectors: Vectors
    topics: pl.DataFrame

    def __call__(self, units: range) -> tuple[float, int]:
        seconds, found = 0.0, 0
        for unit in units:
            vectors = multiplied(self.vectors, UNIT, seed=unit)
            ids = pl.Series("article_id", np.arange(UNIT) + (unit + 1) * 10 * UNIT)
            started = time.monotonic()
            found += assign(ids, vectors, self.topics)["topic_id"].count()
            seconds += time.monotonic() - started
        return seconds, found


def multiplied(vectors: Vectors, count: int, seed: int) -> Vectors:
    """`count` unit vectors around given ones."""
    chance = np.random.default_rng(seed)
    rows = vectors[chance.integers(0, len(vectors), count)]
    noise = chance.standard_normal(rows.shape, dtype=np.float32)
    noise *= _NOISE / np.sqrt(rows.shape[1], dtype=np.float32)
    moved = rows + noise
    unit: Vectors = (moved / np.linalg.norm(moved, axis=1, keepdims=True)).astype(np.float32)
    return unit


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fitted", type=int, default=50_000)
    parser.add_argument("--assigned", type=int, default=1_000_000)
    options = parser.parse_args()
    real = labelled_news().vectors
    topics = _fit(multiplied(real, options.fitted, seed=0))
    _assign(real, topics, options.assigned)


def _fit(vectors: Vectors) -> pl.DataFrame:
    ids = np.arange(len(vectors))
    with PeakMemory(os.getpid(), interval_s=0.5) as memory:
        started = time.monotonic()
        clusters = find_clusters(vectors, Clustering())
        seconds = time.monotonic() - started
    frame = topic_frame([Topic(cluster) for cluster in clusters], ids, range(len(clusters)))
    share = len(np.concatenate([cluster.members for cluster in clusters])) / len(vectors)
    print(f"{len(vectors):,} vectors: {len(clusters)} topics, {100 * share:.1f} % members")
    line("seconds of a fit", seconds, MOST_SECONDS)
    line("bytes of a fit / 2**30", memory.peak / 2**30, MOST_BYTES / 2**30)
    return frame


def _assign(real: Vectors, fitted: pl.DataFrame, count: int) -> None:
    """Assign to 500 topics: those that were fitted, repeated around their centroids if they are fewer."""
    centroids = np.stack(fitted["centroid"].to_list()).astype(np.float32)
    some = fitted[np.arange(TOPICS) % fitted.height].with_columns(
        pl.Series("topic_id", np.arange(TOPICS)),
        pl.Series("centroid", multiplied(centroids, TOPICS, seed=1).tolist(), dtype=pl.List(pl.Float32)),
        pl.Series("members", [[row] for row in range(TOPICS)], dtype=pl.List(pl.Int64)),
    )
    units = range(count // UNIT)
    halves = [units[: len(units) // 2], units[len(units) // 2 :]]
    peaks, fresh = [], multiprocessing.get_context("spawn")  # threads of Polars do not survive a fork
    for part in (0.1, 1.0):
        work = AssignUnits(real, some)
        with PeakMemory(os.getpid(), interval_s=0.5) as memory, ProcessPoolExecutor(2, fresh) as pool:
            done = list(pool.map(work, [half[: max(1, int(len(half) * part))] for half in halves]))
        peaks.append(memory.peak)
    print(f"{count:,} vectors, {sum(found for _, found in done):,} with a topic")
    line("vectors a second on two cores", count / max(seconds for seconds, _ in done), LEAST_RATE, least=True)
    line("memory of all against a tenth", peaks[1] / peaks[0], 1.1)


if __name__ == "__main__":
    main()
