"""MinHash signatures of character n-grams (Broder 1997), and banded candidate search (Leskovec et al., LSH).

Characters rather than words, so that Chinese and European scripts are treated alike.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import polars as pl

from navab.lake.hashing import Int64Array, combine

PERMUTATIONS = 128
BANDS = 32  # of 4 values: pairs at Jaccard 0.7 become candidates with probability 0.9998
_PRIME = np.uint64((1 << 61) - 1)
_CHUNK = 1024


def minhash(text: str, ngram: int) -> Int64Array:
    """Signature of a folded text: for each of 128 hash functions the least hash of its n-grams.

    Returns an int64 array of length 128; a text shorter than one n-gram counts as a single n-gram.
    """
    points = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)
    if len(points) < ngram:
        points = np.pad(points, (0, ngram - len(points)))
    grams = np.zeros(len(points) - ngram + 1, dtype=np.uint64)
    with np.errstate(over="ignore"):
        for offset in range(ngram):
            grams = grams * np.uint64(0x100000001B3) + points[offset : offset + len(grams)]
        hashes = combine(np.unique(grams).view(np.int64)).view(np.uint64) >> np.uint64(32)
    least = np.full(PERMUTATIONS, np.iinfo(np.uint64).max, dtype=np.uint64)
    multipliers, offsets = _FUNCTIONS
    for start in range(0, len(hashes), _CHUNK):
        with np.errstate(over="ignore"):
            values = hashes[start : start + _CHUNK, None] * multipliers + offsets
        least = np.minimum(least, (values >> np.uint64(32)).min(axis=0))
    return least.astype(np.int64)


def similarity(left: Int64Array, right: Int64Array) -> npt.NDArray[np.float32]:
    """Estimated Jaccard similarity, row by row, of signatures with shape (n, 128)."""
    shares: npt.NDArray[np.float32] = (np.count_nonzero(left == right, axis=1) / PERMUTATIONS).astype(np.float32)
    return shares


def candidate_pairs(signatures: Int64Array) -> Int64Array:
    """Pairs of rows that agree in at least one band: shape (m, 2), left < right, sorted, without repeats."""
    if len(signatures) < 2:
        return np.empty((0, 2), dtype=np.int64)
    found = [pairs for band in _band_keys(signatures) for pairs in [_pairs_within(band)] if len(pairs)]
    if not found:
        return np.empty((0, 2), dtype=np.int64)
    return np.unique(np.concatenate(found), axis=0)


def _band_keys(signatures: Int64Array) -> Iterator[Int64Array]:
    width = PERMUTATIONS // BANDS
    for band in range(BANDS):
        columns = [np.ascontiguousarray(signatures[:, band * width + i]) for i in range(width)]
        yield combine(*columns)


def _pairs_within(keys: Int64Array) -> Int64Array:
    """Link every row to the first row with the same key: enough, since groups are transitive."""
    frame = pl.DataFrame({"key": keys, "row": np.arange(len(keys), dtype=np.int64)})
    linked = frame.with_columns(first=pl.col("row").min().over("key")).filter(pl.col("first") < pl.col("row"))
    return linked.select("first", "row").to_numpy()


def _hash_functions() -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
    generator = np.random.Generator(np.random.PCG64(20250417))
    multipliers = generator.integers(1, int(_PRIME), PERMUTATIONS, dtype=np.uint64) | np.uint64(1)
    return multipliers, generator.integers(0, int(_PRIME), PERMUTATIONS, dtype=np.uint64)


_FUNCTIONS = _hash_functions()
