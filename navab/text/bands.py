"""Candidates for near-duplicates by bands of sketches (Leskovec et al., LSH), and the groups that near ones make."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from navab.lake.hashing import SEED, Int64Array
from navab.text.minhash import COARSE, Bins

Near = Callable[[Int64Array, Int64Array], npt.NDArray[np.bool_]]  # of pairs of texts by number

_CERTAINTY = 0.99
# In a band that more rows share, a row is compared with as many neighbours only, if they are not all alike.
_WINDOW = 2_000


@dataclass(frozen=True, slots=True)
class Banding:
    """Bands of so many rows: two texts are candidates if they agree in all rows of a band."""

    bands: int
    rows: int

    @classmethod
    def for_threshold(cls, threshold: float) -> Banding:
        """The longest bands with which pairs at the threshold become candidates with a probability of 0.99."""
        for rows in range(8, 1, -1):
            bands = COARSE // rows
            if 1 - (1 - threshold**rows) ** bands >= _CERTAINTY:
                return cls(bands, rows)
        return cls(COARSE, 1)


def band_keys(sketches: Bins, banding: Banding) -> Iterator[npt.NDArray[np.uint64]]:
    """For each band the rows' keys: texts with equal keys are candidates. A key is so many bytes of a row."""
    words = sketches.view("<u8")
    mask = np.uint64((1 << 8 * banding.rows) - 1)
    for start in range(0, banding.bands * banding.rows, banding.rows):
        word, first = divmod(start, 8)
        keys = words[:, word] >> np.uint64(8 * first)
        if first + banding.rows > 8:
            keys |= words[:, word + 1] << np.uint64(64 - 8 * first)
        keys &= mask
        yield keys


@dataclass(frozen=True, slots=True)
class SharedBand:
    """Rows that share their key of a band with another row, not both of them known: run after run of equal keys.

    Rows ascend within a run; `starts` are where runs begin.
    """

    rows: npt.NDArray[np.int32]
    starts: Int64Array

    def joining(self, new: range) -> tuple[Int64Array, Int64Array]:
        """Of every run with a new row the rows that are new or come before the new ones, and numbers of the runs."""
        if not len(self.rows):
            return self.starts, self.starts
        touched = np.logical_or.reduceat((self.rows >= new.start) & (self.rows < new.stop), self.starts)
        sizes = np.diff(self.starts, append=len(self.rows))[touched]
        runs = np.repeat(np.arange(len(sizes)), sizes)
        shift = self.starts[touched] - (np.cumsum(sizes) - sizes)
        rows = self.rows[np.arange(len(runs)) + shift[runs]].astype(np.int64)
        come = rows < new.stop
        return rows[come], runs[come]


def shared_bands(sketches: Bins, threshold: float, known: npt.NDArray[np.bool_]) -> list[SharedBand]:
    """What there is to compare, band by band; pairs of which both are `known` are not compared."""
    if known.all():
        return []
    return [_shared(keys, known) for keys in band_keys(sketches, Banding.for_threshold(threshold))]


def _shared(keys: npt.NDArray[np.uint64], known: npt.NDArray[np.bool_]) -> SharedBand:
    some = _sharing_slots(keys, known)
    order = some[np.argsort(keys[some], kind="stable")]
    starts, sizes = _runs(keys[order])
    fresh = np.logical_or.reduceat(~known[order], starts) if len(order) else starts > 0
    shared = (sizes > 1) & fresh
    return SharedBand(order[np.repeat(shared, sizes)].astype(np.int32), np.cumsum(sizes[shared]) - sizes[shared])


def _sharing_slots(keys: npt.NDArray[np.uint64], known: npt.NDArray[np.bool_]) -> Int64Array:
    """Rows that may share their key with a new one, by a table of hashes of keys: to sort these alone is several times
    as fast.
    """
    bits = len(keys).bit_length() + 1
    slots = (keys * SEED >> np.uint64(64 - bits)).astype(np.int64)
    fresh = np.zeros(1 << bits, dtype=np.bool_)
    fresh[slots[~known]] = True
    some = np.flatnonzero(fresh[slots])
    several = np.bincount(slots[some], minlength=1 << bits) > 1
    return some[several[slots[some]]]


def join_near(
    bands: Iterable[SharedBand],
    new: range,
    near: Near,
    forest: Forest,
) -> Int64Array:
    """Join new rows with each other and with those before them where pairs are near; the pairs, shape (n, 2)."""
    found = [np.empty((0, 2), dtype=np.int64)]
    for band in bands:
        rows, runs = band.joining(new)
        found.extend(_join_band(rows, runs, new.start, near, forest))
    return np.concatenate(found)


def _runs(values: npt.NDArray[Any]) -> tuple[Int64Array, Int64Array]:
    """Where runs of equal integers begin, and how long they are."""
    starts = np.flatnonzero(np.diff(values, prepend=~values[:1]))
    return starts, np.diff(starts, append=len(values))


def _join_band(
    rows: Int64Array,
    runs: Int64Array,
    first_new: int,
    near: Near,
    forest: Forest,
) -> Iterator[Int64Array]:
    """Compare rows of a run, first with their next neighbours, then with farther ones, unless they are joined."""
    at = np.arange(len(rows))
    for distance in range(1, _WINDOW + 1):
        at = at[at + distance < len(rows)]
        at = at[runs[at] == runs[at + distance]]
        if not len(at):
            return
        left, right = rows[at], rows[at + distance]
        apart = (right >= first_new) & (forest.roots(left) != forest.roots(right))
        pairs = np.stack([left[apart], right[apart]], axis=1)
        verified = pairs[near(*pairs.T)]
        forest.join_all(verified)
        yield verified
        at = at[_in_split_runs(runs[at], forest.roots(left), forest.roots(right))]


def _in_split_runs(runs: Int64Array, left: Int64Array, right: Int64Array) -> npt.NDArray[np.bool_]:
    """Which pairs lie in runs that are not yet one group; pairs of a run stand together."""
    starts, sizes = _runs(runs)
    lowest = np.minimum.reduceat(np.minimum(left, right), starts)
    highest = np.maximum.reduceat(np.maximum(left, right), starts)
    inside: npt.NDArray[np.bool_] = np.repeat(lowest != highest, sizes)
    return inside


class Forest:
    """Disjoint sets of rows (Tarjan 1975), looked up by whole arrays; the least row of a set is its root."""

    def __init__(self, roots: Int64Array) -> None:
        self._parent = roots.copy()

    def copy(self) -> Forest:
        return Forest(self._parent)

    def roots(self, rows: Int64Array) -> Int64Array:
        found = self._parent[rows]
        while True:
            above = self._parent[found]
            if np.array_equal(above, found):
                self._parent[rows] = found
                return found
            found = above

    def join_all(self, pairs: Int64Array) -> None:
        """Join the sets of rows, pair by pair; shape (n, 2)."""
        for left, right in pairs.tolist():
            a, b = self._root(left), self._root(right)
            self._parent[max(a, b)] = min(a, b)

    def _root(self, row: int) -> int:
        parent = self._parent
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = int(parent[row])
        return row
