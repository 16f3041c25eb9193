"""Candidate pairs of Conflict Reduction: recall against exact search, how time and memory grow, and what is new costs.

python benchmarks/conflict_candidates.py                     recall, about 3 minutes
python benchmarks/conflict_candidates.py --recall-on 960000      recall at the largest size, of sampled statements
python benchmarks/conflict_candidates.py --only-growth --sizes 60000 960000     growth and new statements (issue 7)
python benchmarks/conflict_candidates.py --only-growth --unit 60000 960000      memory of one unit, file by file

Recall is measured without a cap on neighbours, which tells what cells miss, and with the default of
`conflicts.neighbors`, which says what a user gets: the share of statements whose search was capped stands beside it.
Real statements come from the lake that benchmarks/real_data.py makes. Larger sets are made of them: every vector lies
between two real ones, nearer to the first, with noise, so that the neighbourhoods are those of real statements.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import polars as pl
import psutil
from threadpoolctl import threadpool_limits

from benchmarks.support.measure import line
from navab.conflict.candidates import Block, find_candidates, search
from navab.conflict.cells import Cells, cell_count, fit_all, fit_cells
from navab.lake.hashing import Int64Array
from navab.models.embedder import Vectors
from navab.options.conflicts import ConflictsSection
from navab.stages.candidates import SEARCHED_ROWS

REPOSITORY = Path(__file__).resolve().parents[1]
LAKE = REPOSITORY / "build" / "real" / "lake"
THRESHOLD = ConflictsSection().min_similarity
EVERYBODY, NEIGHBORS = 10**9, ConflictsSection().neighbors
SAMPLED = 2_000  # statements whose pairs are told exactly
MOST_UNCAPPED = 200_000  # statements; without a cap a crowd's pairs grow with its square
NEW, INCREMENT = 0.05, 0.1
RECALL, SECONDS, GIB, EXPONENT = 0.99, 15 * 60, 8.0, 1.25
FLAT = 1.25  # of a unit's memory, sixteen times as many statements
BLOCK = 50_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--lake", type=Path, default=LAKE)
    parser.add_argument("--recall-on", type=int, default=200_000)
    parser.add_argument("--only-growth", action="store_true")
    parser.add_argument("--sizes", type=int, nargs="*", default=[])
    parser.add_argument("--unit", type=int, nargs="*", default=[])
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
        if options.unit:
            _units(everything, options.unit)


def _recalls(real: dict[str, Vectors], everything: Vectors, count: int) -> None:
    for nation, vectors in real.items():
        _recall(f"{nation}, {len(vectors):,} real", vectors, cells=False)
        _recall(f"{nation}, through cells", vectors, cells=True)
    made = like(everything, count)
    _recall(f"{len(made):,} made", made, cells=True)


def _real(lake: Path) -> dict[str, Vectors]:
    rows = pl.read_delta(str(lake / "tables" / "statements"))
    standing = rows.filter(pl.col("rejected_reason").is_null() & pl.col("merged_into").is_null()).sort("statement_id")
    by_nation = standing.partition_by("nation", as_dict=True)
    return {str(nation): np.array(part["vector"].to_list(), dtype=np.float32) for (nation,), part in by_nation.items()}


def like(real: Vectors, count: int, seed: int = 0) -> Vectors:
    """As many unit vectors as asked for, between pairs of real ones."""
    chance = np.random.default_rng(seed)
    made = np.empty((count, real.shape[1]), np.float32)
    for start in range(0, count, BLOCK):
        size = min(BLOCK, count - start)
        near, far = real[chance.integers(0, len(real), (2, size))]
        share = chance.uniform(0.5, 1, (size, 1)).astype(np.float32)
        drawn = share * near + (1 - share) * far + chance.normal(0, 0.02, near.shape).astype(np.float32)
        made[start : start + size] = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    return made


def _recall(name: str, vectors: Vectors, *, cells: bool) -> None:
    """Share of the pairs of sampled statements, compared with all others, that the search of all finds."""
    new = np.ones(len(vectors), dtype=bool)
    fitted = fit_all(vectors, seed=0) if cells else None
    exact = _exact(vectors, SAMPLED)
    for neighbors, label in ((EVERYBODY, "no cap"), (NEIGHBORS, f"{NEIGHBORS} neighbours")):
        if neighbors == EVERYBODY and len(vectors) > MOST_UNCAPPED:
            continue
        found, _ = find_candidates(vectors, new, neighbors=neighbors, min_similarity=THRESHOLD, cells=fitted)
        recall = float(np.isin(exact, found[:, 0] * len(vectors) + found[:, 1]).mean()) if len(exact) else 1.0
        line(f"recall, {name}, {label}", recall, RECALL, least=True)
        if neighbors == NEIGHBORS:
            own = np.bincount(found[:, 0], minlength=len(vectors))  # of two new ones the smaller searches
            print(f"  {name}: {np.mean(own >= NEIGHBORS):.2%} of the statements were capped, {len(found):,} pairs")


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


def _units(real: Vectors, sizes: list[int]) -> None:
    """Peak memory of a process that searches one unit of a nation, whose vectors it reads file by file."""
    peaks = []
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="navab-candidates-") as folder:
            for number, start in enumerate(range(0, size, BLOCK)):
                np.save(f"{folder}/{number:06}.npy", like(real, min(BLOCK, size - start), seed=number))
            with ProcessPoolExecutor(1, get_context("spawn")) as alone:
                seconds, pairs, peak = alone.submit(_search_unit, folder).result()
        print(f"a unit of {SEARCHED_ROWS:,} among {size:,}: {seconds:.1f} s, {pairs:,} pairs, {peak / 2**30:.2f} GiB")
        peaks.append(peak)
    line("peak memory of a unit, GiB", peaks[-1] / 2**30, GIB)
    line("peak among all, against that among the fewest", peaks[-1] / peaks[0], FLAT)


def _search_unit(folder: str) -> tuple[float, int, int]:
    """Search the first statements among all of a folder; seconds, pairs, and the greatest memory of this process."""
    files = sorted(Path(folder).iterdir())
    counts = [len(np.load(file, mmap_mode="r")) for file in files]
    starts = np.cumsum([0, *counts])
    sample = np.concatenate([np.load(file, mmap_mode="r")[:: len(files)] for file in files])
    cells = fit_cells(sample, 0, count=cell_count(int(starts[-1])))
    del sample
    started = time.monotonic()
    queries = np.concatenate([np.load(file) for file in files[: 1 + SEARCHED_ROWS // BLOCK]])[:SEARCHED_ROWS]
    among = (
        Block(np.arange(start, start + count), np.load(file))
        for file, start, count in zip(files, starts, counts, strict=False)
    )
    with threadpool_limits(2):
        pairs, _ = search(
            Block(np.arange(len(queries)), queries),
            among,
            np.ones(int(starts[-1]), dtype=bool),
            neighbors=NEIGHBORS,
            min_similarity=THRESHOLD,
            cells=cells,
        )
    return time.monotonic() - started, len(pairs), _peak()


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
