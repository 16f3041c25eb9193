"""Batches of texts that are about equally long."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np


def batches(lengths: Sequence[int], size: int) -> Iterator[slice]:
    """Slices of texts of the given lengths that have about `size` together; a longer one is alone."""
    ends = np.cumsum(lengths)
    cuts = np.flatnonzero(np.diff(ends // size)) + 1
    return (slice(start, end) for start, end in pairwise([0, *cuts.tolist(), len(lengths)]) if start < end)
