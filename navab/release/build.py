"""Building a release: shards, tasks, preference pairs and card first, the manifest last."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import polars as pl
from fsspec import AbstractFileSystem

from navab.errors import ConfigurationError, ConservationError, NothingToReleaseError, ReleaseExistsError, StorageError
from navab.lake.schema import schema_version
from navab.release import manifest as manifests
from navab.release.card import dataset_card
from navab.release.columns import release_schema
from navab.release.lm_eval import task_files
from navab.release.manifest import File, Lineage, Manifest
from navab.release.preferences import preference_files
from navab.release.shards import Shard, prepare, rows_per_shard, serialise_shards, take_subsets
from navab.release.storage import own_files, remove_leftovers, reported, write_bytes
from navab.release.verify import RETAINED_SUBSETS, contradicting
from navab.secrets import without_secrets

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True)
class ReleaseInputs:
    """What a release is made of.

    `triples` are the accepted, live rows of the table `triples`, joined with topic_id, topic, support,
    retained and contested, and with text if it is to be included. `contradictions` are pairs of statement
    ids. `fingerprints` are the stages' current ones.
    """

    triples: pl.DataFrame
    nations: Sequence[str]
    table_versions: Mapping[str, int] = field(default_factory=dict)
    configuration: Mapping[str, Any] = field(default_factory=dict)
    fingerprints: Mapping[str, int] = field(default_factory=dict)
    contradictions: Sequence[tuple[int, int]] = ()
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class ReleaseOptions:
    """How a release is written."""

    name: str
    version: str = "1.0"
    benchmark: str = "navab"
    licence: str = "other"
    contact: str | None = None
    include_text: bool = False
    without_conflict_reduction: bool = False
    rows_per_shard: int | None = None  # None: 50,000, with text 10,000
    created_at: datetime | None = None  # None: now


def build_release(inputs: ReleaseInputs, options: ReleaseOptions, fs: AbstractFileSystem, root: str) -> Manifest:
    """Write a release to `root`, or return the one that lies there if its content is the same.

    Raises ConfigurationError if there is nothing to release or if another release lies there, and
    ConservationError if two retained statements contradict each other.
    """
    triples = prepare(inputs.triples, release_schema(include_text=options.include_text))
    subsets = take_subsets(triples, without_conflict_reduction=options.without_conflict_reduction)
    _check(inputs, options, subsets)
    existing = manifests.find_manifest(fs, root)
    with reported(root):
        if existing is None:
            remove_leftovers(fs, root)
        shards = _write_shards(subsets, options, fs, root, write=existing is None)
        # A newer schema version alone makes no other release: what counts is the content of the shards.
        version = existing.schema_version if existing else str(schema_version())
        made = _manifest(inputs, options, shards, subsets, version)
        if existing is None:
            return _finish(made, subsets, options, fs, root)
    if existing.withdrawn is not None or existing.fingerprint != made.fingerprint:
        raise ReleaseExistsError(
            f"release '{existing.name}' lies at {root} with other content: choose another release.name"
        )
    return existing


def _check(inputs: ReleaseInputs, options: ReleaseOptions, subsets: Mapping[str, pl.DataFrame]) -> None:
    """Refuse what must not be released."""
    if not _NAME.fullmatch(options.name):
        raise ConfigurationError(f"release.name '{options.name}': use letters, digits, '.', '_' and '-' only")
    if all(rows.is_empty() for rows in subsets.values()):
        raise NothingToReleaseError("nothing to release: no accepted triple is retained; run `navab run` first")
    found: set[str] = set().union(*(rows["nation"].unique() for rows in subsets.values()))
    if unknown := sorted(found - set(inputs.nations)):
        raise ConfigurationError(f"triples of nations that the release does not list: {', '.join(unknown)}")
    retained: set[int] = set().union(*(subsets[name]["statement_id"] for name in RETAINED_SUBSETS))
    if problems := contradicting(retained, inputs.contradictions):
        raise ConservationError(f"release '{options.name}': {problems[0]} ({len(problems)} such pairs)")


def _write_shards(
    subsets: Mapping[str, pl.DataFrame],
    options: ReleaseOptions,
    fs: AbstractFileSystem,
    root: str,
    *,
    write: bool,
) -> list[Shard]:
    """Write the shards one by one, or only compute what they would be."""
    schema = release_schema(include_text=options.include_text)
    bound = options.rows_per_shard or rows_per_shard(include_text=options.include_text)
    shards = []
    for subset, rows in subsets.items():
        for shard, payload in serialise_shards(rows, subset, schema, bound):
            if write:
                write_bytes(fs, root, shard.path, payload)
            shards.append(shard)
    return shards


def _manifest(
    inputs: ReleaseInputs,
    options: ReleaseOptions,
    shards: Sequence[Shard],
    subsets: Mapping[str, pl.DataFrame],
    version: str,
) -> Manifest:
    """Describe the shards; the other files are listed once they are written."""
    engines = sorted(set().union(*(rows["engine"].unique() for rows in subsets.values())))
    nations = sorted(inputs.nations)
    identity = {
        "benchmark": options.benchmark,
        "name": options.name,
        "version": options.version,
        "licence": options.licence,
        "schema_version": version,
    }
    return Manifest(
        **identity,
        navab_version=manifests.package_version(),
        created_at=options.created_at or datetime.now(UTC).replace(microsecond=0),
        fingerprint=manifests.content_fingerprint(shards, nations=nations, **identity),
        canary=manifests.canary(options.name),
        includes_text=options.include_text,
        nations=nations,
        rows=manifests.count_rows(shards, list(subsets), nations),
        shards=list(shards),
        files=[],
        columns=release_schema(include_text=options.include_text).names,
        lineage=Lineage(
            table_versions=dict(inputs.table_versions),
            configuration=without_secrets(inputs.configuration),
            engines=engines,
            fingerprints=dict(inputs.fingerprints),
        ),
        notes=_notes(inputs.notes, engines),
    )


def _finish(
    made: Manifest,
    subsets: Mapping[str, pl.DataFrame],
    options: ReleaseOptions,
    fs: AbstractFileSystem,
    root: str,
) -> Manifest:
    """Write what belongs to the shards, then the manifest; a release that was cleaned up meanwhile loses it again."""
    files = []
    for path, payload in (
        *preference_files(subsets["default"]),
        *task_files(made.rows, made.canary, made.version),
    ):
        write_bytes(fs, root, path, payload)
        files.append(File(path=path, sha256=hashlib.sha256(payload).hexdigest()))
    complete = made.model_copy(update={"files": sorted(files, key=lambda file: file.path)})
    languages: set[str] = set().union(*(rows["language"].unique() for rows in subsets.values()))
    card = dataset_card(complete, sorted(languages), options.contact)
    write_bytes(fs, root, "README.md", card.encode())
    manifests.write_manifest(fs, root, complete)
    written = {"README.md"} | {shard.path for shard in complete.shards} | {file.path for file in complete.files}
    if not written <= set(own_files(fs, root)):
        manifests.remove_manifest(fs, root)
        raise StorageError(f"release {root} was cleaned up while it was being written; run the command again")
    return complete


def _notes(notes: Sequence[str], engines: Sequence[str]) -> list[str]:
    """Add the note that no release by rules may go without."""
    baseline = ["engine: rules (baseline)"] if any(name.startswith("rules") for name in engines) else []
    return list(dict.fromkeys([*baseline, *notes]))
