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
# With one bit of 256 to 512 set, one of ten texts passes that shares no band. All tables together have at most 128 MiB:
# beyond 100,000 texts more of their bits are set, and more pass.
_SPARSE, _TABLE_BITS = 8, 1 << 30
_CHUNK_ROWS = 1 << 12
_PAIRS_AT_ONCE = 1 << 16


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


class BandFilter:
    """Tells which texts may share a band with some others: all that do, and a few that do not (Bloom 1970).

    Bits of hashes of the others' keys are set, in a table a band.
    """

    def __init__(self, sketches: Bins, threshold: float) -> None:
        self._banding = Banding.for_threshold(threshold)
        most = (_TABLE_BITS // self._banding.bands).bit_length() - 1
        self._bits = min(len(sketches).bit_length() + _SPARSE, most)
        self._tables = [np.zeros(1 << self._bits - 3, dtype=np.uint8) for _ in range(self._banding.bands)]
        for table, (byte, bit) in zip(self._tables, self._places(sketches), strict=True):
            np.bitwise_or.at(table, byte, np.uint8(1) << bit)

    def __call__(self, sketches: Bins) -> npt.NDArray[np.bool_]:
        """Which of the rows, shape (n, 256), may share a band with one of those that it was made of."""
        found = np.zeros(len(sketches), dtype=np.uint8)
        for start in range(0, len(sketches), _CHUNK_ROWS):
            chunk = slice(start, start + _CHUNK_ROWS)
            for table, (byte, bit) in zip(self._tables, self._places(sketches[chunk]), strict=True):
                found[chunk] |= table[byte] >> bit
        return (found & 1).view(np.bool_)

    def _places(self, sketches: Bins) -> Iterator[tuple[Int64Array, npt.NDArray[np.uint8]]]:
        """For each band the places of the rows' keys in its table: byte and bit."""
        for keys in band_keys(sketches, self._banding):
            slots = _slots(keys, self._bits)
            yield slots >> 3, (slots & 7).astype(np.uint8)


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
    slots = _slots(keys, bits)
    fresh = np.zeros(1 << bits, dtype=np.bool_)
    fresh[slots[~known]] = True
    some = np.flatnonzero(fresh[slots])
    several = np.bincount(slots[some], minlength=1 << bits) > 1
    return some[several[slots[some]]]


def _slots(keys: npt.NDArray[np.uint64], bits: int) -> Int64Array:
    """Hashes of so many bits of keys."""
    return (keys * SEED >> np.uint64(64 - bits)).view(np.int64)


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
    """Compare rows of a run, first with their next neighbours, then with farther ones, unless they are joined.

    Twice as many distances are looked at each time, as long as there are few pairs.
    """
    at, distance = np.arange(len(rows)), 1
    while len(at) and distance <= _WINDOW:
        several = min(distance, max(1, _PAIRS_AT_ONCE // len(at)), _WINDOW + 1 - distance)
        one = np.repeat(at, several)
        other = (at[:, None] + np.arange(distance, distance + several)).ravel()
        near_end = np.minimum(other, len(rows) - 1)
        inside = (other == near_end) & (runs[one] == runs[near_end])
        one, other = one[inside], other[inside]
        if not len(one):
            return
        left, right = rows[one], rows[other]
        apart = (right >= first_new) & (forest.roots(left) != forest.roots(right))
        pairs = np.stack([left[apart], right[apart]], axis=1)
        verified = pairs[near(*pairs.T)]
        forest.join_all(verified)
        yield verified
        split = _in_split_runs(runs[one], forest.roots(left), forest.roots(right))
        distance += several
        at = one[split & (other - one == distance - 1)]


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
