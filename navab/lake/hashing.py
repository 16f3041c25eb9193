"""64-bit identities and fingerprints: xxh3 of content, and a vectorised way to combine them.

All values are signed, because Delta Lake knows no unsigned integers.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import xxhash

Int64Array = npt.NDArray[np.int64]

# Rows that are combined at a time: of 100 million rows the steps between would take gigabytes.
_BLOCK = 1 << 22

_SEPARATOR = "\x1f"


def text_hash(*parts: str | None) -> int:
    """Hash text parts to a signed 64-bit integer; None differs from the empty string."""
    joined = _SEPARATOR.join("\x00" if part is None else part for part in parts)
    return _signed(xxhash.xxh3_64_intdigest(joined.encode("utf-8", "surrogatepass")))


def signature(name: str, version: int, **settings: Any) -> int:
    """Hash what makes a stage's rows besides their input: its version and the settings that matter."""
    canonical = json.dumps(settings, sort_keys=True, ensure_ascii=False, default=str)
    return text_hash(name, str(version), canonical)


def combine(*values: int | Int64Array | pl.Series) -> Int64Array:
    """Combine hashes element by element (splitmix64 finaliser), order matters.

    Scalars are broadcast; the result has the length of the longest input (1 for scalars only).
    """
    arrays = [
        (value.to_numpy() if isinstance(value, pl.Series) else np.asarray(value, dtype=np.int64)).reshape(-1)
        for value in values
    ]
    length = max((len(array) for array in arrays if len(array) != 1), default=1)
    combined = np.empty(length, dtype=np.uint64)
    for start in range(0, length, _BLOCK):
        block = slice(start, start + _BLOCK)
        state = np.full(1, 0x9E3779B97F4A7C15, dtype=np.uint64)
        with np.errstate(over="ignore"):
            for array in arrays:
                part = array if len(array) == 1 else array[block]
                state = _mix(state + part.astype(np.int64).view(np.uint64))
        combined[block] = state
    return combined.view(np.int64)


def set_digest(*columns: pl.Series) -> int:
    """Hash a set of rows independently of their order."""
    if len(columns[0]) == 0:
        return 0
    rows = combine(*columns).view(np.uint64)
    with np.errstate(over="ignore"):
        return int(combine(int(rows.sum(dtype=np.uint64).view(np.int64)), len(rows))[0])


def block_digest(name: str, arrays: Sequence[Int64Array]) -> str:
    """Name a block of rows by its keys, for file names that a retry repeats."""
    digest = xxhash.xxh3_128(name.encode())
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _mix(value: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    value = value + np.uint64(0x9E3779B97F4A7C15)
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


def _signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value
