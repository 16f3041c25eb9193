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

SEED = np.uint64(0x9E37_79B9_7F4A_7C15)
# Rows that are combined at a time: what is between the steps fits a core's cache.
_BLOCK = 1 << 16

_SEPARATOR = "\x1f"


def text_hash(*parts: str | None) -> int:
    """Hash text parts to a signed 64-bit integer; None differs from the empty string."""
    return _hash(_encode(parts))


def text_hashes(before: Sequence[str | None], parts: Sequence[str | None]) -> tuple[int, int]:
    """The hash of parts with others before them, and of the parts alone, which are encoded once."""
    content = _encode(parts)
    return _hash(_encode([*before, ""]) + content), _hash(content)


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
        state = np.full(1, SEED, dtype=np.uint64)
        for array in arrays:
            part = array if len(array) == 1 else array[block]
            with np.errstate(over="ignore"):
                state = state + part.astype(np.int64, copy=False).view(np.uint64)
            mix(state)
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


def mix(values: npt.NDArray[np.uint64]) -> None:
    """Turn integers into hashes, in place (the finaliser of SplitMix64, Steele et al. 2014)."""
    with np.errstate(over="ignore"):
        values += SEED
        shifted = values >> np.uint64(30)
        values ^= shifted
        values *= np.uint64(0xBF58476D1CE4E5B9)
        values ^= np.right_shift(values, np.uint64(27), out=shifted)
        values *= np.uint64(0x94D049BB133111EB)
        values ^= np.right_shift(values, np.uint64(31), out=shifted)


def _encode(parts: Sequence[str | None]) -> bytes:
    return _SEPARATOR.join(["\x00" if part is None else part for part in parts]).encode("utf-8", "surrogatepass")


def _hash(content: bytes) -> int:
    return _signed(xxhash.xxh3_64_intdigest(content))


def _signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value
