"""Releases of a lake, and releases by name or address."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from navab.errors import ConfigurationError, ReleaseWithdrawnError, StorageError
from navab.lake.storage import Storage
from navab.release.build import ReleaseOptions
from navab.release.load import load_release, open_release
from navab.release.manifest import Manifest, find_manifest, read_manifest
from navab.release.verify import Verification, verify

if TYPE_CHECKING:
    import pyarrow.dataset as pads


@dataclass(frozen=True, slots=True)
class FoundRelease:
    """A release that exists and was not withdrawn."""

    uri: str
    manifest: Manifest
    storage: Storage

    def dataset(self, split: str | None) -> pads.Dataset:
        """Its subset `default`, lazily; None takes both splits."""
        return load_release(self.uri, split=split, as_dataset=True, storage_options=_options(self.storage, self.uri))

    def frame(self, subset: str) -> pl.DataFrame:
        """All rows of a subset."""
        return load_release(self.uri, subset=subset, storage_options=_options(self.storage, self.uri))


def lake_releases(storage: Storage) -> list[FoundRelease]:
    """The releases of a lake that were not withdrawn, the earliest first."""
    return [one for one in all_releases(storage) if one.manifest.withdrawn is None]


def all_releases(storage: Storage) -> list[FoundRelease]:
    """The releases of a lake, withdrawn ones too, the earliest first."""
    found = []
    for folder in storage.list_folders(storage.path("releases")):
        manifest = find_manifest(storage.filesystem, folder)
        if manifest is not None:
            found.append(FoundRelease(storage.uri("releases", folder.rsplit("/", 1)[1]), manifest, storage))
    return sorted(found, key=lambda one: (one.manifest.created_at, one.manifest.name))


def own_releases(storage: Storage) -> list[FoundRelease]:
    """The releases of a lake that were made of its own articles, the earliest first."""
    return [one for one in lake_releases(storage) if one.manifest.benchmark == ReleaseOptions.benchmark]


def find_releases(storage: Storage, names: Sequence[str]) -> list[FoundRelease]:
    """Releases by name or address; without names, the latest one that was made of the lake's own articles.

    Raises ConfigurationError if the lake has none, StorageError if one is unknown.
    """
    if names:
        return [find_release(storage, name) for name in names]
    made = own_releases(storage)
    if not made:
        raise ConfigurationError(f"lake {storage.root} has no release: run `navab release`, or name one elsewhere")
    return made[-1:]


def verify_release(
    storage: Storage, name: str, contradictions: Callable[[], Iterable[tuple[int, int]]] = tuple
) -> Verification:
    """Whether a release, by its name in the lake or by its address, is still what its manifest says.

    One that was made of this lake's articles with Conflict Reduction may retain no pair of the lake's contradictions,
    which are asked for only then. Raises StorageError if no release lies there.
    """
    if "/" in name:
        return verify(*open_release(name, _options(storage, name)))
    root = storage.path("releases", name)
    manifest = read_manifest(storage.filesystem, root)
    own = manifest.benchmark == ReleaseOptions.benchmark
    reduced = manifest.lineage.configuration.get("conflicts", {}).get("enabled", False)
    return verify(storage.filesystem, root, contradictions() if own and reduced else ())


def find_release(storage: Storage, name: str) -> FoundRelease:
    """A release of the lake by its name, or any release by its address (with a slash)."""
    if "/" in name:
        fs, root = open_release(name, _options(storage, name))
        found = FoundRelease(name, read_manifest(fs, root), storage)
    else:
        manifest = find_manifest(storage.filesystem, storage.path("releases", name))
        if manifest is None:
            known = ", ".join(one.manifest.name for one in lake_releases(storage)) or "none"
            raise StorageError(f"lake {storage.root} has no release '{name}': its releases are {known}")
        found = FoundRelease(storage.uri("releases", name), manifest, storage)
    if found.manifest.withdrawn is not None:
        instead = found.manifest.withdrawn.replaced_by or "nothing"
        raise ReleaseWithdrawnError(f"release {name} was withdrawn: {instead} replaces it")
    return found


def _options(storage: Storage, uri: str) -> dict[str, str]:
    """Options of the lake's store, for releases that lie on S3 as well."""
    if not uri.startswith(("s3://", "s3a://")):
        return {}
    options = {"endpoint_url": storage.options.endpoint_url, "region": storage.options.region}
    return {key: value for key, value in options.items() if value is not None}
