"""MinHash signatures of character n-grams, and the groups of texts that they show to be near-duplicates.

Characters rather than words, so that Chinese and European scripts are treated alike. A signature is made by one
permutation (Li, Owen, Zhang 2012): the hashes of all n-grams fall into 4,096 bins, and each bin keeps four bits of its
least hash (Li, König 2010), or 0 if it is empty: 2 kB a text. Candidates are found by bands (Leskovec et al., LSH) of
coarser bins, of which empty ones borrow from others (Shrivastava 2017), and are verified with the whole signatures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from navab.lake.hashing import SEED, Int64Array, mix

BINS = 4096
LENGTH = BINS // 16  # int64 values of a signature, each of sixteen bins
_VALUES = 15  # of a bin that is not empty
COARSE = 256  # bins that bands are made of, each of sixteen bins
_CERTAINTY = 0.99
_EMPTY = np.iinfo(np.uint32).max
_BASE = np.uint64(0x100000001B3)
_BATCH_CHARACTERS = 1 << 15
_TO_BIN = np.uint64(52)  # of 64 bits leaves twelve
_CHUNK_ROWS = 1 << 8
_CHUNK_PAIRS = 1 << 9
_LOWEST = np.uint64(0x1111_1111_1111_1111)
# In a band that more rows share, a row is compared with as many neighbours only, if they are not all alike.
_WINDOW = 2_000

Bins = npt.NDArray[np.uint8]
Near = Callable[[Int64Array, Int64Array], npt.NDArray[np.bool_]]  # of pairs of texts by number


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


def sign(texts: Sequence[str], ngram: int) -> Int64Array:
    """Signatures of folded texts, shape (n, 256); a text shorter than one n-gram counts as a single n-gram."""
    parts = [np.empty((0, LENGTH), dtype=np.int64)]
    for batch in _batches([text.ljust(ngram, "\0") for text in texts]):
        least = np.full(len(batch) * BINS, _EMPTY, dtype=np.uint32)
        for start in range(0, max(map(len, batch)), _BATCH_CHARACTERS):
            _lower(least, [text[start : start + _BATCH_CHARACTERS + ngram - 1] for text in batch], ngram)
        values = ((least & 0xFFFF) * _VALUES >> 16) + 1  # low bits: the high ones of a least hash are mostly 0
        bins = np.where(least == _EMPTY, 0, values).astype(np.uint8)
        parts.append((bins[0::2] | bins[1::2] << 4).reshape(len(batch), -1).view(np.int64))
    return np.concatenate(parts)


def similarity(signatures: Int64Array, left: Int64Array, right: Int64Array) -> npt.NDArray[np.float32]:
    """Estimated Jaccard similarity of pairs of signatures, which have shape (n, 256).

    Bins that are empty in both say nothing; bins that agree by chance (one in 15) are allowed for.
    """
    words, shares = signatures.view(np.uint64), np.empty(len(left), dtype=np.float32)
    for start in range(0, len(left), _CHUNK_PAIRS):
        chunk = slice(start, start + _CHUNK_PAIRS)
        shares[chunk] = _agreement(words[left[chunk]], words[right[chunk]])
    return shares


def _agreement(left: npt.NDArray[np.uint64], right: npt.NDArray[np.uint64]) -> npt.NDArray[np.float32]:
    filled, other = _filled(left), _filled(right)
    both, either = _count(filled & other), _count(filled | other)
    equal = _count(filled & other & ~_filled(left ^ right))
    same = (equal - both / _VALUES) / (1 - 1 / _VALUES)
    shares: npt.NDArray[np.float32] = np.clip(same / np.maximum(either, 1), 0, 1).astype(np.float32)
    return shares


def _filled(words: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """The lowest bit of each of sixteen bins says whether the bin has a bit."""
    pairs = words | (words >> np.uint64(1))
    filled: npt.NDArray[np.uint64] = (pairs | (pairs >> np.uint64(2))) & _LOWEST
    return filled


def _count(words: npt.NDArray[np.uint64]) -> Int64Array:
    counts: Int64Array = np.bitwise_count(words).sum(axis=1, dtype=np.int64)
    return counts


def sketch(signatures: Int64Array) -> Bins:
    """What bands are made of, shape (n, 256): coarse bins, an empty one with the value of the first that is not, in an
    order of its own.
    """
    sketches = np.empty((len(signatures), COARSE), dtype=np.uint8)
    for start in range(0, len(sketches), _CHUNK_ROWS):
        coarse = _coarse_bins(signatures[start : start + _CHUNK_ROWS])
        chunk = sketches[start : start + _CHUNK_ROWS]
        chunk[:] = coarse
        rows, columns = np.nonzero(coarse == 0)
        for step in range(COARSE):
            if not len(rows):
                break
            borrowed = coarse[rows, _ORDERS[columns, step]]
            chunk[rows, columns] = borrowed
            rows, columns = rows[borrowed == 0], columns[borrowed == 0]
    return sketches


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


def _batches(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """Texts in batches of about equal size, a long one alone."""
    ends = np.cumsum([len(text) for text in texts])
    cuts = np.flatnonzero(np.diff(ends // _BATCH_CHARACTERS)) + 1
    for start, end in pairwise([0, *cuts.tolist(), len(texts)]):
        if start < end:
            yield texts[start:end]


def _lower(least: npt.NDArray[np.uint32], texts: Sequence[str], ngram: int) -> None:
    """Lower the bins of texts to the least hashes of their n-grams.

    Arrays are changed where they are: a new one of this size is new memory each time, which costs more than to fill it.
    """
    codes = np.frombuffer("".join(texts).encode("utf-32-le"), dtype=np.uint32)
    count = max(len(codes) - ngram + 1, 0)
    hashes = codes[:count].astype(np.uint64)
    with np.errstate(over="ignore"):
        for offset in range(1, ngram):
            hashes *= _BASE
            hashes += codes[offset : offset + count]
        hashes += SEED
    mix(hashes)
    lengths = [len(text) for text in texts]
    values = hashes.astype(np.uint32)
    values[_reaching(np.cumsum(lengths[:-1], dtype=np.int64), ngram, count)] = _EMPTY
    hashes >>= _TO_BIN
    hashes += np.repeat(np.arange(len(texts), dtype=np.uint64) * np.uint64(BINS), lengths)[:count]
    np.minimum.at(least, hashes.view(np.int64), values)


def _reaching(ends: Int64Array, ngram: int, count: int) -> Int64Array:
    """Of n-grams over texts that follow each other, those that reach into the next text."""
    places = (ends[:, None] - np.arange(1, ngram)).ravel()
    inside: Int64Array = places[(places >= 0) & (places < count)]
    return inside


def _coarse_bins(signatures: Int64Array) -> Bins:
    """Of every sixteen bins the first that is not empty: its place and value, or 0 if all are.

    A bin's number is the high bits of its hashes, so this is the least hash of them all. Sixteen bins are one value of
    a signature, and the first of them that is not empty holds its lowest bit.
    """
    words = signatures.view(np.uint64)
    below = np.bitwise_count(~words & (words - np.uint64(1)))  # bits below the lowest one; 64 if there is none
    place = (below >> 2 & 15).astype(np.uint64)
    value = (words >> (place << np.uint64(2))) & np.uint64(15)
    return (place << np.uint64(4) | value).astype(np.uint8)


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


def _orders() -> npt.NDArray[np.int16]:
    """For each coarse bin a random order of all."""
    generator = np.random.Generator(np.random.PCG64(20250417))
    return generator.permuted(np.tile(np.arange(COARSE, dtype=np.int16), (COARSE, 1)), axis=1)


_ORDERS = _orders()
