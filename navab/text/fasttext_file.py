"""Files of fastText models that were quantised and pruned (Joulin et al. 2016, FastText.zip), read into arrays.

Read is what `lid.176.ftz` is: a supervised model with hierarchical softmax whose words and n-grams were pruned to a few
ten thousand and whose input matrix is stored by product quantisation. Other kinds are left to the fasttext library.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

_MAGIC, _VERSION = 793712314, 12
_SUPERVISED, _HIERARCHICAL_SOFTMAX = 3, 1
_CENTROIDS = 256  # of each part of a row: a code is one byte
_ARGUMENTS = 12  # int32, before the sampling threshold, a double
_WORD_NGRAMS, _LOSS, _MODEL, _BUCKETS, _SHORTEST, _LONGEST = range(5, 11)  # their places among them
_MOST = 10**15  # of a label's count: fastText's for nodes that are not made yet
_MOST_BUCKETS, _LONGEST_NGRAM = 1 << 28, 64  # far more than any model has: a damaged file must not fill the memory

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class FastTextFile:
    """A pruned model.

    `words` have rows 0 to len(words) - 1 of `inputs`; `row_of_bucket`, int32 of shape (bucket,), has the row of the
    n-grams that hash to a bucket, or -1 if they were pruned. N-grams are of `shortest` to `longest` characters.
    `inputs` has shape (rows, dim), `outputs` (labels - 1 or more, dim), one row for each inner node of the Huffman tree
    that `label_counts` make.
    """

    words: Mapping[bytes, int]
    labels: tuple[str, ...]
    label_counts: tuple[int, ...]
    shortest: int
    longest: int
    row_of_bucket: npt.NDArray[np.int32]
    inputs: Floats
    outputs: Floats


def read_fasttext_file(path: Path) -> FastTextFile | None:
    """Read a model, or nothing if it is of another kind. Raises ValueError if it is damaged."""
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as content:
        return _read(_Reader(content))


def _read(reader: _Reader) -> FastTextFile | None:
    if reader.numbers(np.int32, 2) != [_MAGIC, _VERSION]:
        return None
    arguments = reader.numbers(np.int32, _ARGUMENTS)
    reader.skip(8)
    size, word_count, _ = reader.numbers(np.int32, 3)
    _, pruned = reader.numbers(np.int64, 2)
    if not _is_readable(arguments) or pruned <= 0:
        return None
    entries = [reader.entry() for _ in range(size)]
    places = reader.array(np.int32, 2 * pruned).reshape(-1, 2)
    if not reader.flag():
        return None
    inputs = reader.quantised_matrix()
    if reader.flag():
        return None
    outputs = reader.dense_matrix()
    labels = entries[word_count:]
    if not labels or len(outputs) < len(labels) - 1 or inputs.shape[1] != outputs.shape[1]:
        raise ValueError("its matrices do not fit its labels")
    if not (np.isfinite(inputs).all() and np.isfinite(outputs).all()):
        raise ValueError("its matrices hold what is no number")
    if not all(0 <= occurrences < _MOST for _, occurrences in labels):
        raise ValueError("its labels occur so often that it must be damaged")
    return FastTextFile(
        words={word: number for number, (word, _) in enumerate(entries[:word_count])},
        labels=tuple(label.decode() for label, _ in labels),
        label_counts=tuple(occurrences for _, occurrences in labels),
        shortest=arguments[_SHORTEST],
        longest=arguments[_LONGEST],
        row_of_bucket=_rows_of_buckets(places, arguments[_BUCKETS], word_count, len(inputs)),
        inputs=inputs,
        outputs=outputs,
    )


def _is_readable(arguments: Sequence[int]) -> bool:
    kind = arguments[_MODEL], arguments[_LOSS], arguments[_WORD_NGRAMS]
    lengths = 0 < arguments[_SHORTEST] <= arguments[_LONGEST] <= _LONGEST_NGRAM
    return lengths and kind == (_SUPERVISED, _HIERARCHICAL_SOFTMAX, 1)


def _rows_of_buckets(places: npt.NDArray[np.int32], buckets: int, first_row: int, rows: int) -> npt.NDArray[np.int32]:
    if buckets > _MOST_BUCKETS:
        raise ValueError("it has so many buckets of n-grams that it must be damaged")
    if places.min() < 0 or places[:, 0].max() >= buckets or first_row + places[:, 1].max() >= rows:
        raise ValueError("its pruned n-grams have no rows")
    table = np.full(buckets, -1, dtype=np.int32)
    table[places[:, 0]] = first_row + places[:, 1]
    return table


class _Reader:
    """Values of a file one after the other, little-endian."""

    def __init__(self, content: mmap) -> None:
        self._content = content
        self._at = 0

    def skip(self, size: int) -> None:
        self._at += size

    def array(self, kind: type[np.generic], count: int) -> npt.NDArray[Any]:
        end = self._at + count * np.dtype(kind).itemsize
        if not self._at <= end <= len(self._content):
            raise ValueError("it ends early")
        values = np.frombuffer(self._content[self._at : end], np.dtype(kind).newbyteorder("<"))
        self._at = end
        return values

    def numbers(self, kind: type[np.generic], count: int) -> list[int]:
        return [int(value) for value in self.array(kind, count)]

    def flag(self) -> bool:
        return bool(self.array(np.uint8, 1)[0])

    def entry(self) -> tuple[bytes, int]:
        """A word or label and how often it occurred."""
        end = self._content.find(b"\0", self._at)
        if end < 0:
            raise ValueError("it ends early")
        word = self._content[self._at : end]
        self._at = end + 1
        (count,) = self.numbers(np.int64, 1)
        self.skip(1)  # whether it is a label: these come last
        return word, count

    def dense_matrix(self) -> Floats:
        rows, columns = self.numbers(np.int64, 2)
        return self.array(np.float32, rows * columns).reshape(rows, columns)

    def quantised_matrix(self) -> Floats:
        """Rows as products of their norms, if these were quantised too, and their directions."""
        with_norms = self.flag()
        rows, _ = self.numbers(np.int64, 2)
        (size,) = self.numbers(np.int32, 1)
        matrix = self._quantised(self.array(np.uint8, size).reshape(rows, -1))
        if with_norms:
            matrix *= self._quantised(self.array(np.uint8, rows).reshape(rows, 1))
        return matrix

    def _quantised(self, codes: npt.NDArray[np.uint8]) -> Floats:
        """Rows whose parts are the centroids that `codes`, shape (rows, parts), name; the last part may be shorter."""
        dim, parts, width, _ = self.numbers(np.int32, 4)
        centroids = self.array(np.float32, _CENTROIDS * dim)
        if parts != codes.shape[1] or width < 1 or parts != -(-dim // width):
            raise ValueError("its matrix does not fit its quantiser")
        matrix = np.empty((len(codes), dim), dtype=np.float32)
        for part in range(parts):
            columns = matrix[:, part * width : (part + 1) * width]
            start = _CENTROIDS * part * width
            table = centroids[start : start + _CENTROIDS * columns.shape[1]].reshape(_CENTROIDS, -1)
            columns[:] = table[codes[:, part]]
        return matrix
