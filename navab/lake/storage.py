"""Files on a local disk or an object store, behind one small interface.

`Storage` is pickled to Ray workers: it holds addresses and options, never secrets; credentials are resolved
where it is used (environment, profile or instance role).
"""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import fsspec
import pyarrow as pa
import pyarrow.fs
import pyarrow.parquet as pq

from navab.errors import ConfigurationError, StorageError


@dataclass(frozen=True)
class StorageOptions:
    """Where an S3-compatible store answers; null fields follow the environment."""

    endpoint_url: str | None = None
    region: str | None = None


@dataclass(frozen=True)
class Storage:
    """A root address (path or s3:// URI) and the file system that serves it."""

    root: str
    options: StorageOptions = field(default_factory=StorageOptions)

    @property
    def is_local(self) -> bool:
        return "://" not in self.root or self.root.startswith("file://")

    @cached_property
    def filesystem(self) -> Any:
        """The fsspec file system."""
        if self.is_local:
            return fsspec.filesystem("file")
        client = {"region_name": self.options.region} if self.options.region else {}
        try:
            return fsspec.filesystem(
                urlsplit(self.root).scheme,
                endpoint_url=self.options.endpoint_url,
                client_kwargs=client,
                use_listings_cache=False,
            )
        except (ValueError, ImportError) as error:
            raise ConfigurationError(f"address {self.root}: {error}; give a path or an s3:// address") from error

    @cached_property
    def arrow_filesystem(self) -> pa.fs.FileSystem:
        """The same file system as pyarrow wants it."""
        if self.is_local:
            return pa.fs.LocalFileSystem()
        return pa.fs.PyFileSystem(pa.fs.FSSpecHandler(self.filesystem))

    def path(self, *parts: str) -> str:
        """Path under the root in the form the file system takes (absolute, no scheme)."""
        root = self.root.removeprefix("file://")
        base = str(Path(root).absolute()) if self.is_local else self.filesystem._strip_protocol(root)
        return "/".join([base.rstrip("/"), *parts])

    def uri(self, *parts: str) -> str:
        """Address under the root as deltalake and people write it."""
        return self.path(*parts) if self.is_local else "/".join([self.root.rstrip("/"), *parts])

    def exists(self, path: str) -> bool:
        return bool(self.filesystem.exists(path))

    def read_bytes(self, path: str) -> bytes:
        with self.filesystem.open(path, "rb") as file:
            return bytes(file.read())

    def write_bytes(self, path: str, content: bytes) -> None:
        """Write a whole file so that readers see the old content or the new, nothing between."""
        if not self.is_local:
            self.filesystem.pipe_file(path, content)
            return
        with AtomicFile(path) as temporary:
            temporary.write_bytes(content)

    def create_exclusively(self, path: str, content: bytes) -> bool:
        """Create a file unless it exists; False if somebody else was first."""
        try:
            if self.is_local:
                with AtomicFile(path, exclusive=True) as temporary:
                    temporary.write_bytes(content)
            else:
                self.filesystem.pipe_file(path, content, mode="create")
        except FileExistsError as error:
            if self.is_local and not Path(path).parent.is_dir():
                raise StorageError(f"cannot write {path}: its folder is a file") from error
            return False
        except OSError as error:
            # s3fs raises EINVAL, not FileExistsError, when If-None-Match finds the key taken.
            if not self.is_local and self.exists(path):
                return False
            raise StorageError(f"cannot write {path}: {error}") from error
        return True

    def list_files(self, folder: str) -> list[str]:
        """All files directly under a folder, sorted; empty if the folder does not exist."""
        try:
            return sorted(entry["name"] for entry in self.filesystem.ls(folder, detail=True) if entry["type"] == "file")
        except FileNotFoundError:
            return []

    def list_folders(self, folder: str) -> list[str]:
        """All folders directly under a folder, sorted; empty if the folder does not exist."""
        try:
            entries = self.filesystem.ls(folder, detail=True)
        except FileNotFoundError:
            return []
        return sorted(entry["name"].rstrip("/") for entry in entries if entry["type"] == "directory")

    def delta_options(self) -> dict[str, str]:
        """Storage options in the words of deltalake."""
        if self.is_local:
            return {}
        options: dict[str, str] = {}
        if self.options.endpoint_url:
            options["AWS_ENDPOINT_URL"] = self.options.endpoint_url
            if self.options.endpoint_url.startswith("http://"):
                options["AWS_ALLOW_HTTP"] = "true"
        if self.options.region:
            options["AWS_REGION"] = self.options.region
        return options


def encode_parquet(table: pa.Table) -> bytes:
    """A table as the bytes of a Parquet file."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]


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
