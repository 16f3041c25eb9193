"""The manifest: what a release holds and where it comes from; a release without one does not exist."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Sequence
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any, TypeAlias

from fsspec import AbstractFileSystem
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from navab.errors import StorageError
from navab.release.shards import Shard
from navab.release.storage import MANIFEST, join, reported, write_bytes

# Rows by subset, nation, source_type and split; a nation without triples has an empty mapping.
RowCounts: TypeAlias = dict[str, dict[str, dict[str, dict[str, int]]]]

_FRONT_MATTER = re.compile(r"---\n.*?\n---\n", re.S)


class File(BaseModel):
    """A file other than a shard; the dataset card is not listed, its publisher may edit it."""

    model_config = ConfigDict(frozen=True)

    path: str
    sha256: str


class Lineage(BaseModel):
    """Where the content comes from."""

    model_config = ConfigDict(frozen=True)

    table_versions: dict[str, int] = Field(description="Delta version of every table that was read")
    configuration: dict[str, Any] = Field(description="Configuration, without secrets")
    engines: list[str] = Field(description="Engines that wrote the released triples")
    fingerprints: dict[str, int] = Field(description="Current fingerprint of every stage")


class Withdrawal(BaseModel):
    """That a release must not be used any more, since when, and what to use instead."""

    model_config = ConfigDict(frozen=True)

    at: datetime
    replaced_by: str | None = Field(description="The release without the withdrawn triples; null if none is left")


class Manifest(BaseModel):
    """Everything that a reader needs to trust a release; written last."""

    model_config = ConfigDict(frozen=True)

    benchmark: str
    name: str
    version: str
    navab_version: str
    schema_version: str
    created_at: datetime
    fingerprint: str = Field(description="SHA-256 of the content: equal for equal releases, whenever made")
    canary: str
    licence: str
    includes_text: bool
    nations: list[str]
    rows: RowCounts
    shards: list[Shard]
    files: list[File]
    columns: list[str]
    lineage: Lineage
    notes: list[str]
    withdrawn: Withdrawal | None = None

    def subsets(self) -> list[str]:
        """List the subsets that the release has, empty ones included."""
        return list(self.rows)


def canary(name: str) -> str:
    """Derive the string that marks copies of a release in training corpora from the release's name."""
    guid = uuid.uuid5(uuid.NAMESPACE_URL, f"navab/releases/{name}")
    return f"navab:{name}:canary GUID {guid}"


def count_rows(shards: Sequence[Shard], subsets: Sequence[str], nations: Sequence[str]) -> RowCounts:
    """Count rows by subset, nation, source_type and split."""
    counts: RowCounts = {subset: {nation: {} for nation in nations} for subset in subsets}
    for shard in shards:
        splits = counts[shard.subset].setdefault(shard.nation, {}).setdefault(shard.source_type, {})
        splits[shard.split] = splits.get(shard.split, 0) + shard.rows
    return counts


def content_fingerprint(shards: Sequence[Shard], **identity: object) -> str:
    """Hash what a release says, and not when or from which table versions it was made."""
    content = {**identity, "shards": [[shard.path, shard.rows, shard.sha256] for shard in shards]}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def package_version() -> str:
    """Tell the installed version of navab."""
    try:
        return version("navab")
    except PackageNotFoundError:
        return "unknown"


def write_manifest(fs: AbstractFileSystem, root: str, manifest: Manifest) -> None:
    """Write the manifest: from here on the release exists."""
    write_bytes(fs, root, MANIFEST, (manifest.model_dump_json(indent=2) + "\n").encode())


def mark_withdrawn(fs: AbstractFileSystem, root: str, manifest: Manifest, withdrawal: Withdrawal) -> None:
    """Say in the dataset card and, last, in the manifest that a release is withdrawn."""
    instead = f"Use {withdrawal.replaced_by} instead." if withdrawal.replaced_by else "Nothing replaces it."
    notice = f"> **Withdrawn on {withdrawal.at:%Y-%m-%d}. {instead}**"
    with reported(root):
        try:
            card = fs.cat_file(join(root, "README.md")).decode()
        except FileNotFoundError:
            card = ""
        if "> **Withdrawn on " not in card:
            write_bytes(fs, root, "README.md", _put_first(card, notice).encode())
        write_manifest(fs, root, manifest.model_copy(update={"withdrawn": withdrawal}))


def _put_first(card: str, notice: str) -> str:
    """Put a notice after the card's front matter."""
    found = _FRONT_MATTER.match(card)
    front = found.group() if found else ""
    return f"{front}\n{notice}\n{card[len(front) :]}"


def read_manifest(fs: AbstractFileSystem, root: str) -> Manifest:
    """Read a release's manifest; raises StorageError if there is no release."""
    manifest = find_manifest(fs, root)
    if manifest is None:
        raise StorageError(f"no release at {root}: it has no {MANIFEST}; check the path or run `navab release`")
    return manifest


def remove_manifest(fs: AbstractFileSystem, root: str) -> None:
    """Remove a release's manifest: the release does not exist any more, and may be written again."""
    with reported(root):
        fs.rm_file(join(root, MANIFEST))


def find_manifest(fs: AbstractFileSystem, root: str) -> Manifest | None:
    """Read a release's manifest; None if there is no release."""
    with reported(root):
        try:
            payload = fs.cat_file(join(root, MANIFEST))
        except (FileNotFoundError, NotADirectoryError):
            return None
    try:
        return Manifest.model_validate_json(payload)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"]) or "JSON"
        raise StorageError(f"{join(root, MANIFEST)} is damaged at '{where}': build the release again") from error
