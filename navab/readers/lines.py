"""Lines of a byte stream, each of bounded length."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_STEP = 1 << 20


def bounded_lines(file: Any, limit: int) -> Iterator[bytes | None]:
    """Yield lines with their line ends; null for a line of more than `limit` bytes, which is passed over."""
    while line := file.readline(limit + 1):
        if len(line) <= limit or line.endswith(b"\n"):
            yield line
            continue
        while line and not line.endswith(b"\n"):
            line = file.readline(_STEP)
        yield None
