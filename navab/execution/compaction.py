"""Compaction in levels: small files of a table are merged while a run goes on, so that their number stays small.

Of every nation, files are sorted into levels by size, each sixteen times the one before; sixteen files of a level
become one of the next. So n commits leave some sixteen files for every power of sixteen in n, and a row is rewritten
once a level. A few small files of a table are left alone: they are read sooner than merged. Rows are moved by workers
and stay what they are; `navab maintain` makes larger files and drops rows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from navab.lake.hashing import text_hash
from navab.lake.schema import load_schema
from navab.lake.storage import Storage
from navab.stages.base import Output, Unit, conform

FAN_IN = 16


@dataclass(frozen=True)
class MergeFiles:
    """Writes all rows of a unit's files again, in one file, sorted by key."""

    table: str

    def __call__(self, unit: Unit, storage: Storage) -> Iterator[Output]:
        schema = load_schema(self.table)
        parts = [
            pq.read_table(
                storage.path("tables", self.table, path), schema=schema.arrow, filesystem=storage.arrow_filesystem
            )
            for path in merged_files(unit)
        ]
        rows = pl.DataFrame(pa.concat_tables(parts)).sort(*schema.key, "fingerprint")
        yield Output(self.table, conform(rows, self.table))


def small_files(table: str, files: pl.DataFrame, limit: int, taken: Collection[str] = ()) -> pl.DataFrame:
    """Those of a table's files (path, size, nation) that are smaller than `limit` bytes, but for those that are taken.

    Snapshots, which are replaced as a whole, have none.
    """
    small = (pl.col("size") < limit) & ~pl.col("path").is_in(list(taken))
    return files.filter(small) if load_schema(table).kind == "row" else files.clear()


def plan_merges(table: str, small: pl.DataFrame, *, few: int = 0) -> list[Unit]:
    """Units that merge small files, those of the lowest levels first, until only a `few` are not merged."""
    level = pl.col("size").clip(1).log(FAN_IN).floor().alias("level")
    units: list[Unit] = []
    for _, group in small.sort(level, "path").group_by("nation", level, maintain_order=True):
        for start in range(0, group.height - FAN_IN + 1, FAN_IN):
            if small.height - FAN_IN * len(units) <= few:
                return units
            chosen = group.slice(start, FAN_IN)
            units.append(merging(table, chosen["nation"][0], chosen["path"].to_list()))
    return units


def merging(table: str, nation: str | None, paths: Sequence[str], pending: pl.DataFrame | None = None) -> Unit:
    """A unit that writes files of one nation as one."""
    name = f"merged-{text_hash(table, *paths) & (2**64 - 1):016x}"
    return Unit(name, nation, pl.DataFrame() if pending is None else pending, facts={"files": tuple(paths)})


def merged_files(unit: Unit) -> Sequence[str]:
    """The files that a unit merges."""
    paths: Sequence[str] = unit.facts["files"]  # type: ignore[assignment]
    return paths
