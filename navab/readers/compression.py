"""Compressed files as plain bytes, piece by piece: gzip, bzip2, xz and Zstandard, told by content and not by name."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import shutil
import tempfile
import zlib
from typing import Any, cast

import pyarrow as pa
from isal import igzip, isal_zlib

from navab.readers.records import DamagedFileError, is_store_failure

_MAGIC = {"gzip": b"\x1f\x8b", "bz2": b"BZh", "xz": b"\xfd7zXZ\x00", "zstd": b"\x28\xb5\x2f\xfd"}
_BUFFER = 1 << 20
_ARROW_PIECE = 1 << 16  # what comes before damage is lost up to this size


def compression_of(raw: Any) -> str | None:
    """The compression of a seekable binary file, null for none; the file is left at its start."""
    raw.seek(0)
    head = raw.read(max(map(len, _MAGIC.values())))
    raw.seek(0)
    return next((name for name, magic in _MAGIC.items() if head.startswith(magic)), None)


def unpacked(raw: Any, compression: str | None) -> io.BufferedReader:
    """The decompressed bytes as a stream; damage raises DamagedFileError after what comes before it was read."""
    return io.BufferedReader(_Stream(_decompressor(raw, compression)), buffer_size=_BUFFER)


def seekable(raw: Any, compression: str | None) -> Any:
    """The decompressed bytes for random access; of a compressed file in a temporary one, to be closed by the caller."""
    return raw if compression is None else spooled(unpacked(raw, compression))


def spooled(content: Any) -> Any:
    """What is left of a binary file in a temporary one, to be closed by the caller."""
    copy = tempfile.TemporaryFile()  # noqa: SIM115  (closed by the caller)
    try:
        shutil.copyfileobj(content, copy, _BUFFER)
    except BaseException:
        copy.close()
        raise
    copy.seek(0)
    return copy


def _decompressor(raw: Any, compression: str | None) -> Any:
    match compression:
        case "gzip":
            return _GzipStream(raw)
        case "bz2":
            return bz2.BZ2File(raw)
        case "xz":
            return lzma.LZMAFile(raw)
        case "zstd":
            return _ArrowStream(raw, "zstd")
    return raw


class _GzipStream:
    """gzip by isal, which loses some of what comes before damage: where it finds any, the standard library reads on.

    Of what comes right before damage that library gives more or less, by how much it is asked for at a time.
    """

    def __init__(self, raw: Any) -> None:
        self._raw = raw
        self._file: gzip.GzipFile = igzip.IGzipFile(fileobj=raw, mode="rb")
        self._given = 0

    def read1(self, size: int) -> bytes:
        try:
            content = self._file.read1(size)
        except (EOFError, isal_zlib.error, gzip.BadGzipFile):
            if not isinstance(self._file, igzip.IGzipFile):
                raise
            self._raw.seek(0)
            self._file = gzip.GzipFile(fileobj=self._raw, mode="rb")
            self._file.seek(self._given)
            content = self._file.read1(size)
        self._given += len(content)
        return content


class _ArrowStream:
    """pyarrow's decompression behind the one method that `_Stream` needs."""

    def __init__(self, raw: Any, codec: str) -> None:
        self._stream = pa.CompressedInputStream(pa.PythonFile(_Lent(raw), mode="r"), codec)

    def read1(self, size: int) -> bytes:
        return cast(bytes, self._stream.read(min(size, _ARROW_PIECE)))


class _Lent:
    """A file that pyarrow may read and not close."""

    closed = False

    def __init__(self, raw: Any) -> None:
        self.read = raw.read

    def close(self) -> None:
        """Leave it open."""


class _Stream(io.RawIOBase):
    """Any file with `read1` or `read` as a raw stream whose damage is a DamagedFileError."""

    def __init__(self, file: Any) -> None:
        self._read = file.read1 if hasattr(file, "read1") else file.read

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        try:
            content = self._read(len(buffer))
        except (EOFError, zlib.error, gzip.BadGzipFile, lzma.LZMAError, pa.ArrowException) as error:
            raise DamagedFileError(str(error)) from error
        except OSError as error:
            if is_store_failure(error):
                raise
            raise DamagedFileError(str(error)) from error
        buffer[: len(content)] = content
        return len(content)
