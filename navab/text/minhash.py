"""MinHash signatures of character n-grams, and sketches of them.

Characters rather than words, so that Chinese and European scripts are treated alike. A signature is made by one
permutation (Li, Owen, Zhang 2012): the hashes of all n-grams fall into 4,096 bins, and each bin keeps four bits of its
least hash (Li, König 2010), or 0 if it is empty: 2 kB a text. A sketch has an eighth of that: coarser bins, of which
empty ones borrow from others (Shrivastava 2017), for bands and for a first estimate.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from navab.lake.hashing import SEED, Int64Array, mix
from navab.text.batches import batches

BINS = 4096
LENGTH = BINS // 16  # int64 values of a signature, each of sixteen bins
_VALUES = 15  # of a bin that is not empty
COARSE = 256  # bins of a sketch, each of sixteen bins
_EMPTY = np.iinfo(np.uint32).max
_BASE = np.uint64(0x100000001B3)
_BATCH_CHARACTERS = 1 << 15
_TO_BIN = np.uint64(52)  # of 64 bits leaves twelve
_CHUNK_ROWS = 1 << 8
_CHUNK_PAIRS = 1 << 9
_LOWEST, _LOWEST_OF_BYTES = np.uint64(0x1111_1111_1111_1111), np.uint64(0x0101_0101_0101_0101)
# An estimate by sketches is hardly ever farther from the truth (five standard errors). To be careful, it is sure only
# where a coarse bin's value is of its first fine one as often as in texts of 300 n-grams: shorter ones borrow more.
_MARGIN, _LONG = 0.15, 0.1

Bins = npt.NDArray[np.uint8]


def sign(texts: Sequence[str], ngram: int) -> Int64Array:
    """Signatures of folded texts, shape (n, 256); a text shorter than one n-gram counts as a single n-gram."""
    parts = [np.empty((0, LENGTH), dtype=np.int64)]
    padded = [text.ljust(ngram, "\0") for text in texts]
    for batch in (padded[part] for part in batches([len(text) for text in padded], _BATCH_CHARACTERS)):
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


def sketch_similarity(
    sketches: Bins, left: Int64Array, right: Int64Array, threshold: float
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Similarity of pairs of sketches, shape (n, 256), and whether it is surely above or below the threshold.

    Coarse bins agree by chance as well: if both kept the value of the same fine one, one in 15.
    """
    words = sketches.view(np.uint64)
    shares, sure = np.empty(len(left), dtype=np.float32), np.empty(len(left), dtype=np.bool_)
    for start in range(0, len(left), _CHUNK_PAIRS):
        chunk = slice(start, start + _CHUNK_PAIRS)
        one, other = words[left[chunk]], words[right[chunk]]
        equal = 1 - _count(_filled_bytes(one ^ other)) / COARSE
        filled = 1 - (_count(_later(one)) + _count(_later(other))) / (2 * COARSE)
        chance = filled / (2 - filled) / _VALUES
        shares[chunk] = np.clip((equal - chance) / (1 - chance), 0, 1)
        sure[chunk] = (filled >= _LONG) & (np.abs(shares[chunk] - threshold) > _MARGIN)
    return shares, sure


def _filled_bytes(words: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """The lowest bit of each byte says whether the byte has a bit."""
    return _filled(words | (words >> np.uint64(4))) & _LOWEST_OF_BYTES


def _later(sketches: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """The lowest bit of each byte says whether the first fine bin of a coarse one was empty: its place is not 0."""
    return _filled(sketches >> np.uint64(4)) & _LOWEST_OF_BYTES


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
    """Sketches, shape (n, 256): coarse bins, an empty one with the value of the first that is not, in an order of its
    own.
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


def pack(signatures: Int64Array) -> list[bytes]:
    """Signatures, shape (n, 256), each in fewer bytes: a bit for each of its bytes that is not 0, then these bytes.

    One with so few zeros that this has more stays as it is.
    """
    packed: list[bytes] = []
    for start in range(0, len(signatures), _CHUNK_ROWS):
        chunk = np.ascontiguousarray(signatures[start : start + _CHUNK_ROWS]).view(np.uint8)
        filled = chunk != 0
        marks, values = np.packbits(filled, axis=1), chunk[filled]
        ends = np.cumsum(np.count_nonzero(filled, axis=1)).tolist()
        for row, mark, (before, end) in zip(chunk, marks, pairwise([0, *ends]), strict=True):
            shorter = len(mark) + end - before < len(row)
            packed.append(mark.tobytes() + values[before:end].tobytes() if shorter else row.tobytes())
    return packed


def unpack(packed: Iterable[bytes]) -> Int64Array:
    """Signatures, shape (n, 256), from what `pack` made of them."""
    whole, rows = LENGTH * 8, [np.empty(0, dtype=np.uint8)]
    for content in packed:
        row = held = np.frombuffer(content, dtype=np.uint8)
        if len(held) < whole:
            marks, values = np.split(held, [whole // 8])
            row = np.zeros(whole, dtype=np.uint8)
            row[np.unpackbits(marks).view(np.bool_)] = values
        rows.append(row)
    return np.concatenate(rows).view(np.int64).reshape(-1, LENGTH)


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


def _orders() -> npt.NDArray[np.int16]:
    """For each coarse bin a random order of all."""
    generator = np.random.Generator(np.random.PCG64(20250417))
    return generator.permuted(np.tile(np.arange(COARSE, dtype=np.int16), (COARSE, 1)), axis=1)


_ORDERS = _orders()
