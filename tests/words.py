"""The words in a file of a lake, whatever its format: Parquet and Arrow are decompressed, all else is text."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
import pyarrow as pa


def words_of(content: bytes) -> Iterator[str]:
    """All strings of a Parquet or Arrow file, or the whole content as one."""
    if content.startswith(b"PAR1"):
        yield from _strings(pl.read_parquet(content).rows())
    elif content.startswith(b"ARROW1"):
        with pa.ipc.open_file(content) as file:
            yield from _strings(file.read_all().to_pylist())
    else:
        yield content.decode("utf-8", "replace")


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from _strings(list(value.values()))
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _strings(one)
