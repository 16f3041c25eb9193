"""The few file operations that a release needs, the same on a disk and on object storage."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from fsspec import AbstractFileSystem
from fsspec.implementations.local import LocalFileSystem

from navab.errors import StorageError
from navab.lake.failures import explain, storage_failures

MANIFEST = "manifest.json"

# What a release writes; nothing else under its root is ever removed.
_OWN_FILES = re.compile(
    r"README\.md|data/[a-z_]+/[a-z]+/[a-z]+/[a-z]+/part-\d+\.arrow"
    r"|lm_eval/(utils\.py|_?navab[a-z_]*\.yaml)|preferences/([a-z]+/){1,3}[a-z]+\.jsonl"
)


def join(root: str, path: str) -> str:
    """Address of a file that lies at `path` under `root`."""
    return f"{root.rstrip('/')}/{path}"


@contextmanager
def reported(root: str) -> Iterator[None]:
    """Turn a failure of the file system into one line that names the release."""
    try:
        yield
    except storage_failures() as error:
        raise StorageError(f"release {root}: {explain(error)}") from error


def write_bytes(fs: AbstractFileSystem, root: str, path: str, payload: bytes) -> None:
    """Write a file so that it appears whole or not at all."""
    target = join(root, path)
    if not isinstance(fs, LocalFileSystem):
        fs.pipe_file(target, payload)
        return
    fs.makedirs(target.rpartition("/")[0], exist_ok=True)
    unfinished = f"{target}.unfinished"
    fs.pipe_file(unfinished, payload)
    fs.mv(unfinished, target)


def relative_files(fs: AbstractFileSystem, root: str) -> list[str]:
    """List the files under a root by their path relative to it, sorted."""
    if not fs.exists(root):
        return []
    prefix = str(fs._strip_protocol(root)).rstrip("/") + "/"
    return sorted(str(path).removeprefix(prefix) for path in fs.find(root))


def own_files(fs: AbstractFileSystem, root: str) -> list[str]:
    """List the files under a root that navab writes to a release, relative to it; the manifest is not among them."""
    return [path for path in relative_files(fs, root) if _OWN_FILES.fullmatch(path.removesuffix(".unfinished"))]


def remove_leftovers(fs: AbstractFileSystem, root: str) -> None:
    """Remove what an interrupted build left under a root that has no manifest."""
    for path in own_files(fs, root):
        fs.rm_file(join(root, path))
