"""Candidate pairs of Conflict Reduction: recall against exact search, how time and memory grow, and what is new costs.

python benchmarks/conflict_candidates.py                     recall, about 3 minutes
python benchmarks/conflict_candidates.py --only-growth --sizes 60000 960000     growth and new statements (issue 7)

Real statements come from the lake that benchmarks/real_data.py makes. Larger sets are made of them: every vector lies
between two real ones, nearer to the first, with noise, so that the neighbourhoods are those of real statements.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
import psutil
from threadpoolctl import threadpool_limits

from benchmarks.support.measure import line
from navab.conflict.candidates import find_candidates
from navab.conflict.cells import Cells, fit_all
from navab.lake.hashing import Int64Array
from navab.models.embedder import Vectors

REPOSITORY = Path(__file__).resolve().parents[1]
LAKE = REPOSITORY / "build" / "real" / "lake"
THRESHOLD = 0.7
EVERYBODY, NEIGHBORS = 10**9, 200
NEW, INCREMENT = 0.05, 0.1
RECALL, SECONDS, GIB, EXPONENT = 0.99, 15 * 60, 8.0, 1.25
BLOCK = 50_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--lake", type=Path, default=LAKE)
    parser.add_argument("--recall-on", type=int, default=200_000)
    parser.add_argument("--only-growth", action="store_true")
    parser.add_argument("--sizes", type=int, nargs="*", default=[])
    options = parser.parse_args()
    if not (options.lake / "tables" / "statements").is_dir():
        sys.exit(f"no statements at {options.lake}: run benchmarks/real_data.py first, or give --lake")
    with threadpool_limits(2):
        real = _real(options.lake)
        everything = np.concatenate(list(real.values()))
        if not options.only_growth:
            _recalls(real, everything, options.recall_on)
        if options.sizes:
            _growth(everything, options.sizes)


def _recalls(real: dict[str, Vectors], everything: Vectors, count: int) -> None:
    for nation, vectors in real.items():
        line(f"recall, {nation}, {len(vectors):,} real", _recall(vectors, cells=False), RECALL, least=True)
        line(f"recall, {nation}, through cells", _recall(vectors, cells=True), RECALL, least=True)
    made = like(everything, count)
    line(f"recall, {len(made):,} made", _recall(made, cells=True), RECALL, least=True)


def _real(lake: Path) -> dict[str, Vectors]:
    rows = pl.read_delta(str(lake / "tables" / "statements"))
    standing = rows.filter(pl.col("rejected_reason").is_null() & pl.col("merged_into").is_null()).sort("statement_id")
    by_nation = standing.partition_by("nation", as_dict=True)
    return {str(nation): np.array(part["vector"].to_list(), dtype=np.float32) for (nation,), part in by_nation.items()}


def like(real: Vectors, count: int) -> Vectors:
    """As many unit vectors as asked for, between pairs of real ones."""
    chance = np.random.default_rng(0)
    made = np.empty((count, real.shape[1]), np.float32)
    for start in range(0, count, BLOCK):
        size = min(BLOCK, count - start)
        near, far = real[chance.integers(0, len(real), (2, size))]
        share = chance.uniform(0.5, 1, (size, 1)).astype(np.float32)
        drawn = share * near + (1 - share) * far + chance.normal(0, 0.02, near.shape).astype(np.float32)
        made[start : start + size] = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    return made


def _recall(vectors: Vectors, *, cells: bool) -> float:
    """Share of the pairs of 2,000 statements, compared with all others, that the search finds."""
    new = np.ones(len(vectors), dtype=bool)
    fitted = fit_all(vectors, seed=0) if cells else None
    found, _ = find_candidates(vectors, new, neighbors=EVERYBODY, min_similarity=THRESHOLD, cells=fitted)
    exact = _exact(vectors, 2_000)
    return float(np.isin(exact, found[:, 0] * len(vectors) + found[:, 1]).mean())


def _exact(vectors: Vectors, count: int) -> Int64Array:
    rows = np.sort(np.random.default_rng(1).choice(len(vectors), min(count, len(vectors)), replace=False))
    codes = []
    for block in np.array_split(rows, 1 + count * len(vectors) // 10**8):
        a, other = np.nonzero(vectors[block] @ vectors.T >= THRESHOLD)
        row = block[a]
        codes.append((np.minimum(row, other) * len(vectors) + np.maximum(row, other))[row != other])
    return np.unique(np.concatenate(codes))


def _growth(real: Vectors, sizes: list[int]) -> None:
    measured = []
    for size in sizes:
        vectors = like(real, size)
        started = time.monotonic()
        cells = fit_all(vectors, seed=0)
        pairs, _ = find_candidates(
            vectors, np.ones(size, dtype=bool), neighbors=NEIGHBORS, min_similarity=THRESHOLD, cells=cells
        )
        seconds = time.monotonic() - started
        peak = psutil.Process().memory_info().rss  # vectors and pairs are still held
        found = len(pairs)
        del pairs
        again = _increment(vectors, cells)
        brute = _all_pairs_seconds(vectors)
        print(
            f"{size:>9,} vectors  {seconds:8.1f} s  {found:>11,} pairs  {peak / 2**30:5.2f} GiB held  "
            f"all pairs (extrapolated) {brute:10,.0f} s  ratio {seconds / brute:7.4f}",
            flush=True,
        )
        line(f"search of {NEW:.0%} new among {size:,}, share of the first", again / seconds, INCREMENT)
        measured.append((size, seconds))
    line(f"seconds for {sizes[-1]:,}", measured[-1][1], SECONDS)
    line("peak memory, GiB", _peak() / 2**30, GIB)
    if len(measured) > 1:
        (small, fast), (large, slow) = measured[0], measured[-1]
        exponent = float(np.log(slow / fast) / np.log(large / small))
        line(f"growth exponent, {small:,} to {large:,}", exponent, EXPONENT)


def _increment(vectors: Vectors, cells: Cells) -> float:
    """Seconds to search a later crawl: the last twentieth of the vectors, among all of them."""
    new = np.zeros(len(vectors), dtype=bool)
    new[-int(NEW * len(vectors)) :] = True
    started = time.monotonic()
    find_candidates(vectors, new, neighbors=NEIGHBORS, min_similarity=THRESHOLD, cells=cells)
    return time.monotonic() - started


def _peak() -> int:
    """The greatest resident memory of this process so far, bytes."""
    lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def _all_pairs_seconds(vectors: Vectors) -> float:
    """What comparing all with all would take, by the rate of a part of it."""
    started = time.monotonic()
    for start in range(0, 2_000, 500):
        _ = np.count_nonzero(vectors[start : start + 500] @ vectors[:20_000].T >= THRESHOLD)
    return (time.monotonic() - started) * (len(vectors) / 2_000) * (len(vectors) / 20_000)


if __name__ == "__main__":
    main()
