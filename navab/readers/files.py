"""Source files: find them, tell their format, open them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from navab.errors import ConfigurationError, StorageError
from navab.lake.failures import explain, is_about_a_missing_bucket, storage_failures
from navab.lake.storage import Storage, StorageOptions
from navab.options.articles import Source
from navab.readers.dated import as_glob, crawl_of, date_of, is_dated
from navab.readers.formats import format_of

_GLOB = "*?["


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file to read: `name` is its path below the fixed part of the source's pattern."""

    uri: str
    etag: str
    size: int
    name: str
    format: str
    source: Source


def list_source(source: Source, options: StorageOptions) -> list[SourceFile]:
    """Find the files of a source, sorted by address; of a dated one (dated.py) each with the crawl of its date.

    Raises ConfigurationError if there are none, if one is a folder or if a format is unknown, and StorageError
    if the store cannot be listed.
    """
    dated = Storage(source.path, options).path()
    storage = Storage(as_glob(source.path), options)
    pattern = storage.path()
    filesystem = storage.filesystem
    try:
        if any(mark in pattern for mark in _GLOB) and not filesystem.exists(pattern):
            found = filesystem.glob(pattern, detail=True)
            # A glob describes a link itself: what counts is the file that it points to.
            links = [path for path, entry in found.items() if entry.get("islink") and filesystem.exists(path)]
            found |= {path: filesystem.info(path) for path in links}
        else:
            found = {pattern: filesystem.info(pattern)}
    except FileNotFoundError as error:
        if is_about_a_missing_bucket(error):
            raise StorageError(f"source {source.path} cannot be listed: {explain(error)}") from error
        found = {}
    except storage_failures() as error:
        raise StorageError(f"source {source.path} cannot be listed: {explain(error)}") from error
    files = {path: entry for path, entry in found.items() if entry["type"] == "file"}
    if not files and any(entry["type"] == "directory" for entry in found.values()):
        raise ConfigurationError(
            f"source {source.path} is a folder: write {source.path.rstrip('/')}/*.jsonl or similar"
        )
    if not files and not is_dated(source.path):
        raise ConfigurationError(f"source {source.path} matches no file")
    crawls = _crawls(source, files, dated)
    base = _fixed_part(pattern) if pattern not in found else pattern[: pattern.rfind("/") + 1]
    scheme = "" if storage.is_local else f"{urlsplit(source.path).scheme}://"
    return [
        SourceFile(
            uri=scheme + path,
            etag=_etag(entry),
            size=int(entry["size"]),
            name=path.removeprefix(base),
            format=source.format or format_of(path),
            source=crawl,
        )
        for path, entry in sorted(files.items())
        if (crawl := crawls.get(path)) is not None
    ]


def _crawls(source: Source, paths: Iterable[str], pattern: str) -> dict[str, Source]:
    """The source as it holds for each file; of a dated one only files with a date are left, one source a date."""
    if not is_dated(pattern):
        return dict.fromkeys(paths, source)
    dates = {path: date for path in paths if (date := date_of(path, pattern)) is not None}
    known = {date: source.model_copy(update={"crawl": crawl_of(source.crawl, date)}) for date in set(dates.values())}
    return {path: known[date] for path, date in dates.items()}


@contextmanager
def open_source(file: SourceFile, options: StorageOptions) -> Iterator[Any]:
    """Open a file as it is stored, for reading and seeking; raises StorageError if it cannot be opened."""
    storage = Storage(file.uri, options)
    try:
        raw = storage.filesystem.open(storage.path(), "rb")
    except storage_failures() as error:
        raise StorageError(f"source file {file.uri} cannot be opened: {explain(error)}") from error
    try:
        with raw:
            yield raw
    except storage_failures() as error:
        raise StorageError(f"source file {file.uri} cannot be read: {explain(error)}") from error


def _fixed_part(pattern: str) -> str:
    first = min((pattern.index(mark) for mark in _GLOB if mark in pattern), default=len(pattern))
    return pattern[: pattern.rfind("/", 0, first) + 1]


def _etag(entry: dict[str, Any]) -> str:
    etag = entry.get("ETag") or entry.get("etag")
    return str(etag).strip('"') if etag else f"{entry.get('mtime', 0):.6f}-{entry['size']}"
