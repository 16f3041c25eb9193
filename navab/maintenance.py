"""Maintenance: remove rows that cannot count again, merge small files, delete what nobody may or can read any more.

A row goes if its key has a current row with another fingerprint, or if it rests on no article of the lake. Rows that
are merely not live (screened out, lost conflicts) stay. Versions that a release cites stay readable, unless they are
from before a takedown. The files of withdrawn releases go, their manifests stay as a notice.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl
from polars import selectors

from navab.execution.carrier import Carrier
from navab.execution.compaction import MergeFiles, merged_files, merging
from navab.lake.claim import Claim
from navab.lake.cleaning import clean
from navab.lake.schema import load_schema, table_names
from navab.lake.snapshot import FILE
from navab.lake.storage import Storage
from navab.lake.table import DataFile
from navab.release.manifest import find_manifest, remove_manifest
from navab.release.storage import own_files
from navab.stages.base import Output, Unit, conform
from navab.takedown.descent import descending_tables, uprooted
from navab.view import View

# A release that has no manifest after so long is no longer being written.
UNFINISHED_RELEASE_S = 3600


@dataclass(frozen=True, slots=True)
class Maintained:
    """What maintenance did to one table."""

    table: str
    rows_removed: int
    files_before: int
    files_after: int
    files_deleted: int
    log_files_deleted: int


@dataclass(frozen=True)
class Rewrite:
    """Writes the rows of a unit's files again, in one file, without those that are stale."""

    table: str

    def __call__(self, unit: Unit, storage: Storage) -> Iterator[Output]:
        key = [*load_schema(self.table).key, "fingerprint"]
        for merged in MergeFiles(self.table)(unit, storage):
            rows = pl.DataFrame(merged.rows).join(unit.pending, on=key, how="anti", maintain_order="left")
            if rows.height:
                yield Output(self.table, conform(rows, self.table))


def maintain(view: View, claim: Claim) -> list[Maintained]:
    """Rewrite and clean every table; returns what was done, table by table."""
    cited = cited_versions(view)
    done = []
    with Carrier(view.lake.storage, view.configuration.resources, claim.epoch) as carrier:
        for name in _tables(view):
            done.append(_maintain_table(name, cited.get(name, ()), view, claim, carrier))
    return done


def cited_versions(view: View) -> dict[str, tuple[int, ...]]:
    """Versions of tables that the lake's releases cite, withdrawn ones apart."""
    storage = view.lake.storage
    versions: dict[str, set[int]] = {}
    for folder in storage.list_folders(storage.path("releases")):
        manifest = find_manifest(storage.filesystem, folder)
        if manifest is not None and manifest.withdrawn is None:
            for table, version in manifest.lineage.table_versions.items():
                versions.setdefault(table, set()).add(version)
    return {table: tuple(sorted(cited)) for table, cited in versions.items()}


def clean_releases(view: View, claim: Claim) -> dict[str, int]:
    """Delete the files of withdrawn releases and of releases that were never finished; how many, by release."""
    storage = view.lake.storage
    deleted = {}
    for folder in storage.list_folders(storage.path("releases")):
        manifest = find_manifest(storage.filesystem, folder)
        files = [path for path in own_files(storage.filesystem, folder) if path != "README.md" or manifest is None]
        unfinished = manifest is None and bool(files) and _age_s(storage, folder, files) > UNFINISHED_RELEASE_S
        if files and (unfinished or (manifest is not None and manifest.withdrawn is not None)):
            claim.check()
            storage.delete_files([f"{folder}/{path}" for path in files])
            if unfinished and find_manifest(storage.filesystem, folder) is not None:  # finished at this very moment
                remove_manifest(storage.filesystem, folder)
            deleted[folder.rsplit("/", 1)[1]] = len(files)
    return deleted


def _age_s(storage: Storage, folder: str, files: Sequence[str]) -> float:
    """Seconds since the last of the files was written."""
    written: list[float] = [storage.filesystem.modified(f"{folder}/{path}").timestamp() for path in files]
    return time.time() - max(written)


def _tables(view: View) -> list[str]:
    """Tables that exist: articles first, then those that descend from them in the order of their rows' going."""
    descending = ("articles", *descending_tables())
    others = [name for name in table_names() if name not in descending]
    return [name for name in (*descending, *others) if view.snapshot(name).version >= 0]


def _maintain_table(name: str, cited: Sequence[int], view: View, claim: Claim, carrier: Carrier) -> Maintained:
    before = view.snapshot(name).files.height
    claim.enter_stage(f"maintain {name}")
    units = plan(name, view) if load_schema(name).kind == "row" else []
    removed = sum(unit.rows for unit in units)
    written: dict[str, list[DataFile]] = {unit.name: [] for unit in units}
    replaced = {unit.name: merged_files(unit) for unit in units}
    if units:
        for one in carrier.carry(units, Rewrite(name)):
            if one.file is not None:
                written[one.unit].append(one.file)
            else:
                view.lake.commit(name, written.pop(one.unit), claim, remove=replaced[one.unit])
        view.forget((name,))
    retention = view.configuration.maintenance.retention_hours
    cleaned = clean(view.lake.table(name), retention, cited, claim.check)
    after = view.snapshot(name).files.height
    return Maintained(name, removed, before, after, cleaned.data_files, cleaned.log_files)


def plan(name: str, view: View) -> list[Unit]:
    """One unit, whose pending rows are the stale ones, for every group of files that hold such or are better merged."""
    stale = _stale(name, view)
    units = []
    target = view.configuration.maintenance.target_mb << 20
    for group in _groups(view.snapshot(name).files, set(stale[FILE]), target):
        own = stale.filter(pl.col(FILE).is_in(group[FILE].implode())).drop(FILE)
        units.append(merging(name, group["nation"][0], group["path"].to_list(), own))
    return units


def _stale(name: str, view: View) -> pl.DataFrame:
    """Rows that go: those made anew since, and those that rest on no article."""
    columns = [*load_schema(name).key, "fingerprint", FILE]
    stale = [uprooted(view, name).select(columns)]
    if name in view.tracked:
        stale.append(_superseded(name, view).select(columns))
    return pl.concat(stale).unique().with_columns(selectors.categorical().cast(pl.String))


def _superseded(name: str, view: View) -> pl.DataFrame:
    rows = view.rows(name)
    key = list(load_schema(name).key)
    current = view.current(name).select(*key, "fingerprint")
    return rows.join(current, on=key, how="semi").join(current, on=[*key, "fingerprint"], how="anti")


def _groups(files: pl.DataFrame, stale: set[int], target: int) -> Iterator[pl.DataFrame]:
    """Files of one nation to rewrite together: small ones up to the target size, and those with stale rows."""
    candidates = files.with_row_index(FILE).filter((pl.col("size") < target // 2) | pl.col(FILE).is_in(list(stale)))
    for _, nation in candidates.sort("nation", FILE).group_by("nation", maintain_order=True):
        bins = nation.with_columns((pl.col("size").cum_sum() // target).alias("bin"))
        for _, group in bins.group_by("bin", maintain_order=True):
            if group.height > 1 or group[FILE][0] in stale:
                yield group
