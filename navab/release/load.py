"""Reading a release back, from a disk or from object storage."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, overload

import fsspec
import polars as pl
import pyarrow as pa
from fsspec import AbstractFileSystem

from navab.errors import ConfigurationError, ReleaseWithdrawnError, StorageError
from navab.lake.storage import Storage, StorageOptions
from navab.release.columns import release_schema
from navab.release.manifest import Manifest, read_manifest
from navab.release.storage import join, relative_files, reported

if TYPE_CHECKING:
    import pyarrow.dataset as pads


@overload
def load_release(
    uri: str,
    *,
    subset: str = ...,
    nation: str | None = ...,
    split: str | None = ...,
    source_type: str | None = ...,
    as_dataset: Literal[False] = ...,
    storage_options: Mapping[str, Any] | None = ...,
    accept_withdrawn: bool = ...,
) -> pl.DataFrame: ...


@overload
def load_release(
    uri: str,
    *,
    subset: str = ...,
    nation: str | None = ...,
    split: str | None = ...,
    source_type: str | None = ...,
    as_dataset: Literal[True],
    storage_options: Mapping[str, Any] | None = ...,
    accept_withdrawn: bool = ...,
) -> pads.Dataset: ...


def load_release(
    uri: str,
    *,
    subset: str = "default",
    nation: str | None = None,
    split: str | None = None,
    source_type: str | None = None,
    as_dataset: bool = False,
    storage_options: Mapping[str, Any] | None = None,
    accept_withdrawn: bool = False,
) -> pl.DataFrame | pads.Dataset:
    """Load one subset of a release as a Polars frame, or lazily as a pyarrow dataset.

    `uri` is the release's folder, on a disk or as s3://bucket/path; None takes all nations, splits or source
    types. `storage_options` are the endpoint_url and region of a store, whose credentials come from environment,
    profile or role; other options go to fsspec as they are. Raises StorageError if no release lies there,
    ConfigurationError if it has no such part, and ReleaseWithdrawnError if it was withdrawn; `accept_withdrawn` reads
    it all the same, while its files exist.
    """
    fs, root = open_release(str(uri), storage_options or {})
    manifest = read_manifest(fs, root)
    if manifest.withdrawn is not None and not accept_withdrawn:
        day = f"{manifest.withdrawn.at:%Y-%m-%d}"
        raise ReleaseWithdrawnError(f"release {uri} was withdrawn on {day}: {_advice(manifest)}")
    wanted = {"subset": subset, "nation": nation, "split": split, "source_type": source_type}
    _check_parts(manifest, str(uri), wanted)
    paths = [
        join(root, shard.path)
        for shard in manifest.shards
        if all(value is None or getattr(shard, name) == value for name, value in wanted.items())
    ]
    with reported(str(uri)):
        dataset = _dataset(fs, paths, release_schema(include_text=manifest.includes_text))
        return dataset if as_dataset else _frame(dataset.to_table())


def open_release(uri: str, options: Mapping[str, Any]) -> tuple[AbstractFileSystem, str]:
    """The file system that a release lies on, and its path there; `options` as `load_release` takes them."""
    if options.keys() <= {"endpoint_url", "region"} and uri.startswith(("s3://", "s3a://")):
        storage = Storage(uri, StorageOptions(**options))
        return storage.filesystem, storage.path()
    try:
        fs, root = fsspec.core.url_to_fs(uri, **options)
    except ValueError as error:
        raise StorageError(f"release {uri}: {error}") from error
    return fs, root


def read_shards(fs: AbstractFileSystem, root: str, manifest: Manifest) -> pl.DataFrame:
    """Read all shards of a release that exist, of every subset: a triple may occur more than once."""
    schema = release_schema(include_text=manifest.includes_text)
    with reported(root):
        existing = set(relative_files(fs, root))
        paths = [join(root, shard.path) for shard in manifest.shards if shard.path in existing]
        return _frame(_dataset(fs, paths, schema).to_table())


def _dataset(fs: AbstractFileSystem, paths: list[str], schema: pa.Schema) -> pads.Dataset:
    """Shards as one dataset, which has no rows if there are none."""
    import pyarrow.dataset as pads  # noqa: PLC0415  (loads pandas, which most runs do not need)

    if not paths:
        return pads.dataset(schema.empty_table())
    return pads.dataset(paths, schema=schema, format="ipc", filesystem=fs)


def _advice(manifest: Manifest) -> str:
    successor = manifest.withdrawn.replaced_by if manifest.withdrawn else None
    return f"load {successor}, which replaces it" if successor else "nothing replaces it"


def _frame(table: pa.Table) -> pl.DataFrame:
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame


def _check_parts(manifest: Manifest, uri: str, wanted: Mapping[str, str | None]) -> None:
    """Refuse names that the release doesn't know; a known part without rows is not an error."""
    known: dict[str, Iterable[str]] = {
        "subset": manifest.subsets(),
        "nation": manifest.nations,
        "split": ("train", "test"),
        "source_type": ("quoted", "official"),
    }
    for name, value in wanted.items():
        if value is not None and value not in known[name]:
            choices = ", ".join(known[name]) or "none"
            raise ConfigurationError(f"release {uri} has no {name} '{value}': choose one of {choices}")
