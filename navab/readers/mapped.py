"""A file's bytes without reading them: mapped into memory by the system, which takes pages that were touched back."""

from __future__ import annotations

import io
import mmap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow as pa

from navab.readers.compression import spooled


@contextmanager
def mapped(file: Any) -> Iterator[tuple[pa.Buffer, Callable[[], None]]]:
    """All bytes of a binary file, and what frees the memory that touching them took.

    A file that is not on this machine's disks is copied into a temporary one.
    """
    local = file if _is_local(file) else spooled(file)
    try:
        if local.seek(0, io.SEEK_END) == 0:
            yield pa.py_buffer(b""), _nothing
            return
        pages = mmap.mmap(local.fileno(), 0, access=mmap.ACCESS_READ)  # closed with the last buffer that is made of it
        yield pa.py_buffer(pages), lambda: pages.madvise(mmap.MADV_DONTNEED)
    finally:
        if local is not file:
            local.close()


def _is_local(file: Any) -> bool:
    try:
        file.fileno()
    except (AttributeError, io.UnsupportedOperation):
        return False
    return True


def _nothing() -> None:
    """An empty file has no pages."""
