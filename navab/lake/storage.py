"""Files on a local disk or an object store, behind one small interface.

`Storage` is pickled to Ray workers: it holds addresses and options, never secrets; credentials are resolved
where it is used (see credentials.py). What fails raises StorageError with the address and a way to mend it.
"""

from __future__ import annotations

import errno
import os
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import fsspec
import pyarrow as pa
import pyarrow.fs
import pyarrow.parquet as pq

from navab.errors import ConfigurationError
from navab.lake.failures import is_about_a_missing_bucket, is_taken, reported

RETRY_S = 60.0
# A unit reads a few hundred rows of a file that may have many thousands: it need not read those beside them.
ROW_GROUP_ROWS = 2048
_S3 = ("s3", "s3a")


@dataclass(frozen=True)
class StorageOptions:
    """Where an S3-compatible store answers, null following the environment, and for how long it may be away."""

    endpoint_url: str | None = None
    region: str | None = None
    retry_s: float = RETRY_S


@dataclass(frozen=True)
class Storage:
    """A root address (path or s3:// URI) and the file system that serves it."""

    root: str
    options: StorageOptions = field(default_factory=StorageOptions)

    @property
    def is_local(self) -> bool:
        return "://" not in self.root or self.root.startswith("file://")

    def __reduce__(self) -> tuple[type[Storage], tuple[str, StorageOptions]]:
        return Storage, (self.root, self.options)  # file systems hold connections and credentials: they stay here

    @cached_property
    def filesystem(self) -> Any:
        """The fsspec file system."""
        if self.is_local:
            return fsspec.filesystem("file")
        if "@" in urlsplit(self.root).netloc:
            raise ConfigurationError("an address holds credentials: take 'user:password@' out of it")
        if urlsplit(self.root).scheme not in _S3:
            address = self.root.partition("?")[0]  # what follows may be a signature
            raise ConfigurationError(f"address {address}: give a path or an s3:// address")
        from navab.lake.s3 import open_s3  # noqa: PLC0415  (s3fs takes a while to import)

        return open_s3(self.options.endpoint_url, self.options.region, self.options.retry_s)

    @cached_property
    def arrow_filesystem(self) -> pa.fs.FileSystem:
        """The same file system as pyarrow wants it."""
        if self.is_local:
            return pa.fs.LocalFileSystem()
        return pa.fs.PyFileSystem(pa.fs.FSSpecHandler(self.filesystem))

    def path(self, *parts: str) -> str:
        """Path under the root in the form the file system takes (absolute, no scheme)."""
        root = self.root.removeprefix("file://")
        base = str(Path(root).expanduser().absolute()) if self.is_local else self.filesystem._strip_protocol(root)
        return "/".join([base.rstrip("/"), *parts])

    def uri(self, *parts: str) -> str:
        """Address under the root as deltalake and people write it."""
        return self.path(*parts) if self.is_local else "/".join([self.root.rstrip("/"), *parts])

    def shown(self, path: str) -> str:
        """A path of this storage as people write it."""
        return path if self.is_local else f"{urlsplit(self.root).scheme}://{path}"

    def exists(self, path: str) -> bool:
        with reported(f"look at {self.shown(path)}"):
            return bool(self.filesystem.exists(path))

    def read_bytes(self, path: str) -> bytes:
        """The content of a file; raises FileNotFoundError if there is none."""
        with reported(f"read {self.shown(path)}", FileNotFoundError):
            return Path(path).read_bytes() if self.is_local else self._cat(path)

    def _cat(self, path: str) -> bytes:
        return bytes(self.filesystem.cat_file(path, max_concurrency=1))  # one request, no HEAD before it

    def write_bytes(self, path: str, content: bytes) -> None:
        """Write a whole file so that readers see the old content or the new, nothing between."""
        with reported(f"write {self.shown(path)}"):
            if self.is_local:
                with AtomicFile(path) as temporary:
                    temporary.write_bytes(content)
            else:
                self.filesystem.pipe_file(path, content)

    def create_exclusively(self, path: str, content: bytes) -> bool:
        """Create a file unless it exists; False if somebody else was first.

        No two callers may bring the same content: a store's answer can get lost, and the request that is then sent
        again finds the file that the first one made. Its content tells whose it is.
        """
        with reported(f"write {self.shown(path)}"):
            if self.is_local:
                return _create_local(path, content)
            try:
                self.filesystem.pipe_file(path, content, mode="create")
            except OSError as error:
                if not is_taken(error):
                    raise
                return self._cat(path) == content
        return True

    def age_s(self, path: str) -> float:
        """Seconds since a file was written; 0 if it is gone."""
        with reported(f"look at {self.shown(path)}"):
            try:
                return time.time() - float(self.filesystem.modified(path).timestamp())
            except FileNotFoundError:
                return 0.0

    def delete(self, path: str) -> None:
        """Delete a file, if it is there."""
        with reported(f"delete {self.shown(path)}"), suppress(FileNotFoundError):
            self.filesystem.rm_file(path)

    def list_files(self, folder: str) -> list[str]:
        """All files directly under a folder, sorted; empty if the folder does not exist."""
        return sorted(entry["name"] for entry in self._entries(folder) if entry["type"] == "file")

    def list_folders(self, folder: str) -> list[str]:
        """All folders directly under a folder, sorted; empty if the folder does not exist."""
        return sorted(entry["name"].rstrip("/") for entry in self._entries(folder) if entry["type"] == "directory")

    def _entries(self, folder: str) -> list[dict[str, Any]]:
        with reported(f"list {self.shown(folder)}"):
            try:
                return list(self.filesystem.ls(folder, detail=True))
            except FileNotFoundError as error:
                if is_about_a_missing_bucket(error):
                    raise
                return []

    def find_files(self, folder: str) -> list[str]:
        """All files under a folder, however deep, sorted; empty if the folder does not exist."""
        with reported(f"list {self.shown(folder)}"):
            return sorted(self.filesystem.find(folder))

    def read_together(self, paths: Sequence[str]) -> list[bytes]:
        """The contents of many small files, fetched side by side where the store allows it."""
        with reported(f"read {len(paths)} files such as {self.shown(paths[0]) if paths else 'none'}"):
            contents = self.filesystem.cat(list(paths)) if paths else {}
        return [bytes(contents[path]) for path in paths]

    def delete_files(self, paths: Sequence[str]) -> None:
        """Delete files; those that are gone already do not matter."""
        if self.is_local:
            for path in paths:
                self.delete(path)
        elif paths:
            from navab.lake.s3 import delete_objects  # noqa: PLC0415

            with reported(f"delete {len(paths)} files such as {self.shown(paths[0])}"):
                delete_objects(self.filesystem, paths)

    def delta_options(self) -> dict[str, str]:
        """Storage options in the words of deltalake, with the credentials of this moment: ask at every opening."""
        if self.is_local:
            return {}
        from navab.lake.s3 import delta_options  # noqa: PLC0415

        with reported(f"open {self.root}"):
            return delta_options(self.options.endpoint_url, self.options.region, self.options.retry_s)


def _create_local(path: str, content: bytes) -> bool:
    try:
        with AtomicFile(path, exclusive=True) as temporary:
            temporary.write_bytes(content)
    except FileExistsError as error:
        if not Path(path).parent.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, "its folder is a file", path) from error
        return False
    return True


def encode_parquet(table: pa.Table) -> bytes:
    """A table as the bytes of a Parquet file.

    Dictionaries are for text alone, for hashes and vectors do not repeat. Bytes are packed already.
    """
    sink = pa.BufferOutputStream()
    repeating = [field.name for field in table.schema if pa.types.is_string(field.type)]
    codecs = {
        path: "none" if pa.types.is_binary(kind) else "zstd" for field in table.schema for path, kind in _leaves(field)
    }
    pq.write_table(table, sink, compression=codecs, row_group_size=ROW_GROUP_ROWS, use_dictionary=repeating)
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]


def _leaves(field: pa.Field, above: str = "") -> Iterator[tuple[str, pa.DataType]]:
    """Paths and types of what a column is stored as in Parquet: it is one itself unless it is nested."""
    path = above + field.name
    if pa.types.is_list(field.type):
        yield from _leaves(field.type.value_field.with_name("element"), f"{path}.list.")
    elif pa.types.is_struct(field.type):
        for inner in field.type:
            yield from _leaves(inner, f"{path}.")
    elif pa.types.is_nested(field.type):
        raise TypeError(f"column {path} is a {field.type}, of which it is not known how Parquet names it")
    else:
        yield path, field.type


class AtomicFile:
    """A temporary local file beside its destination, moved into place on success."""

    def __init__(self, path: str, *, exclusive: bool = False) -> None:
        self._destination = Path(path)
        self._temporary = self._destination.with_name(f".{self._destination.name}.{uuid.uuid4().hex}")
        self._exclusive = exclusive

    def __enter__(self) -> Path:
        self._destination.parent.mkdir(parents=True, exist_ok=True)
        return self._temporary

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None and self._exclusive:
                os.link(self._temporary, self._destination)
            elif kind is None:
                self._temporary.replace(self._destination)
        finally:
            self._temporary.unlink(missing_ok=True)
