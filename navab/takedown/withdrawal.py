"""Withdrawal: releases that hold something of a forgotten article are marked, and reissued without it.

The successor is made of the withdrawn release's own rows: it holds what that release held, less what was forgotten,
whatever has changed in the lake since. It is written first; then the withdrawn manifest names it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any

import polars as pl

from navab.errors import NothingToReleaseError, ReleaseExistsError
from navab.release.build import ReleaseInputs, ReleaseOptions, build_release
from navab.release.load import read_shards
from navab.release.manifest import Manifest, Withdrawal, find_manifest, mark_withdrawn
from navab.takedown.pairs import forget_pairs
from navab.takedown.tombstones import Tombstones, forgotten_articles, read_tombstones
from navab.view import View


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A withdrawn release, how many of its triples were forgotten, its successor if any, and who learned it."""

    name: str
    triples: int
    replaced_by: str | None
    learned_by: tuple[str, ...] = ()


def withdraw_releases(view: View) -> list[Withdrawn]:
    """Withdraw and reissue all releases of a lake that hold what its tombstones name."""
    with view.lake.claim_releases("forget"):
        found = [withdraw_release(view, name) for name in _names(view)]
    return [one for one in found if one is not None]


def affected_releases(view: View, tombstones: Tombstones, articles: frozenset[int]) -> list[tuple[str, int]]:
    """Releases that hold something of the articles or addresses, with the number of their triples that do."""
    found = []
    for name in _names(view):
        manifest = find_manifest(view.lake.storage.filesystem, _root(view, name))
        if manifest is not None and manifest.withdrawn is None:
            triples = read_shards(view.lake.storage.filesystem, _root(view, name), manifest)
            forgotten = _forgotten(triples, tombstones, articles)
            if forgotten.any():
                found.append((name, triples.filter(forgotten)["triple_id"].n_unique()))
    return found


def withdraw_release(view: View, name: str) -> Withdrawn | None:
    """Withdraw and reissue one release if it holds what the lake's tombstones name; else None."""
    storage, root = view.lake.storage, _root(view, name)
    manifest = find_manifest(storage.filesystem, root)
    if manifest is None or manifest.withdrawn is not None:
        return None
    triples = read_shards(storage.filesystem, root, manifest)
    forgotten = _forgotten(triples, read_tombstones(view), forgotten_articles(view))
    if not forgotten.any():
        return None
    successor = _reissue(view, manifest, triples.filter(~forgotten).unique("triple_id", maintain_order=True))
    withdrawal = Withdrawal(at=datetime.now(UTC).replace(microsecond=0), replaced_by=successor)
    learned_by = forget_pairs(storage, name)
    mark_withdrawn(storage.filesystem, root, manifest, withdrawal)
    return Withdrawn(name, triples.filter(forgotten)["triple_id"].n_unique(), successor, learned_by)


def _names(view: View) -> list[str]:
    """Names of all releases, in the order in which they were made."""
    storage = view.lake.storage
    made = []
    for folder in storage.list_folders(storage.path("releases")):
        manifest = find_manifest(storage.filesystem, folder)
        if manifest is not None:
            made.append((manifest.created_at, folder.rsplit("/", 1)[1]))
    return [name for _, name in sorted(made)]


def _root(view: View, name: str) -> str:
    return view.lake.storage.path("releases", name)


def _forgotten(triples: pl.DataFrame, tombstones: Tombstones, articles: frozenset[int]) -> pl.Series:
    """Which triples are of a forgotten article: by its id, its address, or its text where that was released."""
    named = triples["article_id"].is_in(list(articles))
    address = pl.Series([tombstones.keep_out_url(url) for url in triples["url"]], dtype=pl.Boolean)
    if "text" not in triples.columns:
        return named | address
    return named | address | pl.Series([tombstones.keep_out_text(text) for text in triples["text"]], dtype=pl.Boolean)


def _reissue(view: View, manifest: Manifest, triples: pl.DataFrame) -> str | None:
    """Write what is left of a release as the next free revision of its name; its name, None if nothing is left."""
    storage = view.lake.storage
    inputs = ReleaseInputs(
        triples=triples,
        nations=manifest.nations,
        table_versions=manifest.lineage.table_versions,
        configuration=manifest.lineage.configuration,
        fingerprints=manifest.lineage.fingerprints,
        notes=[*manifest.notes, f"replaces {manifest.name}, of which triples were withdrawn"],
    )
    for name in _revisions(manifest):
        options = ReleaseOptions(
            name=name,
            version=manifest.version,
            benchmark=manifest.benchmark,
            licence=manifest.licence,
            contact=_configured(manifest).get("contact"),
            include_text=manifest.includes_text,
            without_conflict_reduction="without_conflict_reduction" in manifest.rows,
        )
        try:
            return build_release(inputs, options, storage.filesystem, _root(view, name)).name
        except ReleaseExistsError:
            continue
        except NothingToReleaseError:
            return None
    raise AssertionError("revisions do not end")


def _revisions(manifest: Manifest) -> Iterator[str]:
    """Names after that of a release: `name-2`, `name-3` and so on."""
    base = str(_configured(manifest).get("name") or manifest.name)
    suffix = manifest.name.removeprefix(f"{base}-")
    first = int(suffix) + 1 if suffix.isdigit() and suffix != manifest.name else 2
    stem = base if manifest.name.startswith(base) else manifest.name
    return (f"{stem}-{number}" for number in count(first))


def _configured(manifest: Manifest) -> dict[str, Any]:
    section = manifest.lineage.configuration.get("release")
    return dict(section) if isinstance(section, dict) else {}
