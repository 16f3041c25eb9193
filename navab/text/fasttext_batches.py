"""Inference of fastText models over batches of lines, with the answers of the fasttext library.

The library looks up every n-gram of every line in a hash table. Here a word that repeats is worked out once a batch,
n-grams are hashed and looked up by whole arrays, and the tree is gone down for many lines at once. Models are those
that `fasttext_file` reads (Joulin et al. 2016, FastText.zip; n-grams: Bojanowski et al. 2017, Enriching Word Vectors).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np
import numpy.typing as npt

from navab.text.batches import batches
from navab.text.fasttext_file import FastTextFile, Floats
from navab.text.huffman import Tree

_END = "</s>"  # of a line, also where it stands as a word
_LABEL = "__label__"
_OFFSET, _PRIME = np.uint32(2166136261), np.uint32(16777619)  # FNV-1a
_BATCH_BYTES = 1 << 16

Ints = npt.NDArray[np.integer[Any]]
Pairs = tuple[Ints, Ints]  # numbers of sums, and rows that belong to them
Answer = tuple[str, float] | None


@dataclass(frozen=True, slots=True)
class BatchModel:
    """A model that answers for many lines at once.

    `kept` has a bit for each bucket of n-grams that was not pruned: most were, and these bits, unlike `row_of_bucket`,
    fit into the cache of a CPU.
    """

    file: FastTextFile
    kept: npt.NDArray[np.uint8]
    tree: Tree

    @classmethod
    def of(cls, file: FastTextFile) -> BatchModel:
        kept = np.packbits(file.row_of_bucket >= 0, bitorder="little")
        return cls(file, kept, Tree.of(file.label_counts, file.outputs))

    def predict(self, lines: Sequence[str]) -> list[Answer]:
        """The likeliest label of each line and its probability, or nothing where the model has no row for the line.

        An answer does not depend on the lines beside it. Raises UnicodeEncodeError for lone surrogates.
        """
        if not lines:
            return []
        vectors, counts = self._vectors(lines)
        found, scores = self.tree.likeliest(vectors)
        labels = self.file.labels
        answers: list[Answer] = [
            (labels[label], score) for label, score in zip(found.tolist(), scores.tolist(), strict=True)
        ]
        for line in np.flatnonzero(counts == 0).tolist():
            answers[line] = None
        return answers

    def _vectors(self, lines: Sequence[str]) -> tuple[Floats, Ints]:
        """Means of the rows of lines, shape (lines, dim), and how many rows they have."""
        numbers: dict[bytes, int] = defaultdict(count().__next__)
        end = numbers[_END.encode()]
        words = np.fromiter(map(numbers.__getitem__, _words(lines)), np.int64)
        of_lines = np.cumsum(words == end) - (words == end)
        pairs = self._rows_of_words(list(numbers))
        sums = _sums(pairs, len(numbers), self.file.inputs)
        counts = np.bincount(pairs[0], minlength=len(numbers))
        totals = np.bincount(of_lines, counts[words]).astype(np.int64)
        vectors = _sums((of_lines, words), len(lines), sums)
        vectors /= np.maximum(totals, 1)[:, None].astype(np.float32)
        return vectors, totals

    def _rows_of_words(self, words: Sequence[bytes]) -> Pairs:
        """Rows of words and of their n-grams; the first word ends lines and has none."""
        own = np.array([self.file.words.get(word, -1) for word in words])
        known = np.flatnonzero(own >= 0)
        parts: list[Pairs] = [(known, own[known])]
        rest = words[1:]
        for batch in batches([len(word) for word in rest], _BATCH_BYTES):
            for of_words, rows in self._rows_of_ngrams(rest[batch]):
                parts.append((of_words + 1 + batch.start, rows))
        of_words, rows = (np.concatenate(column) for column in zip(*parts, strict=True))
        return of_words, rows

    def _rows_of_ngrams(self, words: Sequence[bytes]) -> Iterator[Pairs]:
        """Rows of the n-grams of words, those of a length after the other."""
        text = np.frombuffer(b"<" + b"><".join(words) + b">", dtype=np.int8)
        characters = np.flatnonzero(text >= -64)  # where they begin: other bytes go on with one
        of_words = np.repeat(np.arange(len(words)), [len(word) + 2 for word in words])[characters]
        size = len(self.file.row_of_bucket)
        for length, hashes in enumerate(_hashes(text, characters, self.file.longest), 1):
            if length < self.file.shortest:
                continue
            buckets = hashes - hashes // size * size  # several times as fast as %
            at = np.flatnonzero(self.kept.take(buckets >> 3) >> (buckets & 7).astype(np.uint8) & 1)
            at = at[_inside(of_words, at, length)]
            yield of_words[at], self.file.row_of_bucket[buckets[at]]


def _inside(of_words: Ints, at: Ints, length: int) -> npt.NDArray[np.bool_]:
    """Which n-grams do not reach into the next word, and are not just the mark of a word's beginning or end."""
    around = np.concatenate([[-1], of_words, [-2]])
    before, after = (0, 2) if length == 1 else (1, length)
    inside: npt.NDArray[np.bool_] = around[at + before] == around[at + after]
    return inside


def _words(lines: Sequence[str]) -> list[bytes]:
    """Words of lines as fastText takes them, with the one that ends each line."""
    text = f" {_END} ".join([*lines, ""])
    if "\n" in text:
        raise ValueError("a line has a line feed")
    if _LABEL in text or text.count(_END) > len(lines):
        return [word for line in lines for word in _words_of_line(line)]
    return _split(text)


def _words_of_line(line: str) -> list[bytes]:
    words = [word for word in _split(line) if not word.startswith(_LABEL.encode())]
    words.append(_END.encode())
    return words[: words.index(_END.encode()) + 1]


def _split(text: str) -> list[bytes]:
    return text.encode().replace(b"\0", b" ").split()


def _hashes(text: npt.NDArray[np.int8], characters: Ints, longest: int) -> Iterator[npt.NDArray[np.uint32]]:
    """Hashes of n-grams of one character, of two, up to `longest`, by the character that they begin with."""
    hashes = np.full(len(characters), _OFFSET)
    (_, first_bytes), *more_bytes = _bytes_of_characters(text, characters)
    for distance in range(min(longest, len(characters))):
        hashes = (hashes[: len(characters) - distance] ^ first_bytes[distance:]) * _PRIME
        for has_byte, values in more_bytes:
            np.copyto(hashes, (hashes ^ values[distance:]) * _PRIME, where=has_byte[distance:])
        yield hashes


def _bytes_of_characters(
    text: npt.NDArray[np.int8], characters: Ints
) -> list[tuple[npt.NDArray[np.bool_], npt.NDArray[np.uint32]]]:
    """The first byte of every character, the second one and so on: which characters have it, and what it is.

    Bytes are signed for fastText, so those from 128 on are large numbers.
    """
    sizes = np.diff(characters, append=len(text))
    padded = np.pad(text, (0, int(sizes.max(initial=1)))).astype(np.int32).view(np.uint32)
    return [(sizes > byte, padded[characters + byte]) for byte in range(int(sizes.max(initial=1)))]


def _sums(pairs: Pairs, count: int, matrix: Floats) -> Floats:
    """So many sums of rows of a matrix, shape (count, dim)."""
    from scipy.sparse import coo_array  # noqa: PLC0415  (a tenth of a second that only those who predict need)

    ones = np.ones(len(pairs[0]), dtype=np.float32)
    sums: Floats = coo_array((ones, pairs), shape=(count, len(matrix))) @ matrix
    return sums
