"""Compressed streams: damage costs hardly more than with the standard library."""

from __future__ import annotations

import gzip
import io
import random
import zlib

from hypothesis import given
from hypothesis import strategies as st

from navab.readers.compression import unpacked
from navab.readers.records import DamagedFileError

# Text that packs badly, so that damage anywhere is damage of it; several members, as crawlers append them.
MEMBERS = [random.Random(member).randbytes(20_000).hex().encode() for member in range(3)]
PACKED = b"".join(map(gzip.compress, MEMBERS))


@given(
    flips=st.lists(st.tuples(st.integers(0, len(PACKED) - 1), st.integers(1, 255)), max_size=3),
    end=st.integers(0, len(PACKED)) | st.just(len(PACKED)),
)
def test_a_damaged_gzip_file_gives_what_the_standard_library_gives(flips: list[tuple[int, int]], end: int) -> None:
    damaged = bytearray(PACKED)
    for place, change in flips:
        damaged[place] ^= change
    content = bytes(damaged[:end])

    assert pieces(unpacked(io.BytesIO(content), "gzip")) == pieces(gzip.GzipFile(fileobj=io.BytesIO(content)))


def pieces(file: io.BufferedIOBase) -> tuple[bytes, bool]:
    """What a file gives before its end or damage, and whether it is whole."""
    read = []
    try:
        while piece := file.read1(1 << 16):
            read.append(piece)
    except (DamagedFileError, EOFError, zlib.error, gzip.BadGzipFile):
        return b"".join(read), False
    return b"".join(read), True
