"""Whether texts are near-duplicates: by their sketches where these are sure, else by their signatures.

Bands need the sketches of all texts, known ones as well. Signatures, eight times as large, are read of the few texts
whose sketches leave a doubt: a new crawl would else read those of nearly all files, for a band here and there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from navab.lake.hashing import Int64Array
from navab.lake.joins import Mask
from navab.text.minhash import LENGTH, Bins, similarity, sketch_similarity

Answer = TypeVar("Answer")
_UNREAD = -1


class Likeness:
    """Similarities of texts, which are numbered as the rows of their sketches, shape (n, 256).

    `read_signatures` of some numbers gives their signatures, shape (m, 256).
    """

    def __init__(self, sketches: Bins, threshold: float, read_signatures: Callable[[Int64Array], Int64Array]) -> None:
        self._sketches, self._threshold, self._read = sketches, threshold, read_signatures
        self._signatures = np.empty((0, LENGTH), dtype=np.int64)
        self._places = np.full(len(sketches), _UNREAD)
        self._missed = np.zeros(len(sketches), dtype=np.bool_)

    def settle(self, ask: Callable[[], Answer]) -> Answer:
        """The answer to a question about similarities, asked again until all signatures that it needs are read.

        It depends on the texts alone, and not on what else was asked before.
        """
        answer = ask()
        while self._missed.any():
            self._read_missed()
            answer = ask()
        return answer

    def near(self, left: Int64Array, right: Int64Array) -> Mask:
        """Which pairs are at the threshold or above; as their sketches have it, where that cannot be told yet.

        So groups in doubt are joined at first as well: else each of their pairs would be compared.
        """
        return self.similarity(left, right) >= self._threshold

    def similarity(self, left: Int64Array, right: Int64Array) -> npt.NDArray[np.float32]:
        """Estimated Jaccard similarity of pairs, by signatures where sketches leave a doubt.

        What is not read yet is remembered, and told by sketches meanwhile.
        """
        shares, told = sketch_similarity(self._sketches, left, right, self._threshold)
        places, others = self._places[left], self._places[right]
        read = ~told & (places != _UNREAD) & (others != _UNREAD)
        shares[read] = similarity(self._signatures, places[read], others[read])
        told |= read
        for texts in (left[~told], right[~told]):
            self._missed[texts] = self._places[texts] == _UNREAD
        return shares

    def _read_missed(self) -> None:
        texts = np.flatnonzero(self._missed)
        before = len(self._signatures)
        self._places[texts] = np.arange(before, before + len(texts))
        read = self._read(texts)
        self._signatures = np.concatenate([self._signatures, read]) if before else read
        self._missed[texts] = False
