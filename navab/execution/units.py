"""Running one unit of work: what it makes becomes files, one nation each, that the driver can commit.

Workers load this and nothing that only the driver needs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl
import pyarrow as pa
import xxhash

from navab.lake.snapshot import NO_NATION
from navab.lake.storage import Storage, encode_parquet
from navab.lake.table import DataFile
from navab.stages.base import Output, Unit, Work

_COUNTED = ("nation", "rejected_reason", "prompt_tokens", "output_tokens")


@dataclass(frozen=True, slots=True)
class Written:
    """A file that a worker wrote, or (with no file) the end of a unit."""

    unit: str
    file: DataFile | None
    pending_rows: int = 0


def run_unit(unit: Unit, work: Work, storage: Storage, epoch: int) -> Iterator[Written]:
    """Run one unit here and now, for the claim of an epoch: write its files, one nation each, and say so."""
    parts: dict[str, int] = {}
    for output in work(unit, storage):
        part = parts[output.table] = parts.get(output.table, -1) + 1
        for file in write_output(output, f"{unit.name}-{part:05d}", storage, epoch):
            yield Written(unit.name, file)
    yield Written(unit.name, None, unit.rows)


def write_output(output: Output, name: str, storage: Storage, epoch: int) -> Iterator[DataFile]:
    """Write the rows of an output for the claim of an epoch, one file a nation."""
    # Texts stay where they are.
    rows = pl.DataFrame(output.rows.select([name for name in _COUNTED if name in output.rows.column_names]))
    for nation in rows["nation"].unique(maintain_order=True):
        mask = rows["nation"].eq_missing(nation)
        table = output.rows if mask.all() else output.rows.filter(pa.array(mask.to_numpy()))
        content = encode_parquet(table)
        path = f"{nation or NO_NATION}/{name}-{epoch}-{xxhash.xxh3_64_hexdigest(content)}.parquet"
        storage.write_bytes(storage.path("tables", output.table, path), content)
        own = None if nation is None else str(nation)
        yield DataFile(output.table, path, table.num_rows, len(content), own, *_counts(rows.filter(mask)))


def _counts(rows: pl.DataFrame) -> tuple[tuple[tuple[str, int], ...], tuple[tuple[str, int], ...]]:
    """Rows by the reason why they were refused, and tokens by kind, in tables that have such columns."""
    rejected = Counter(rows["rejected_reason"].drop_nulls().to_list() if "rejected_reason" in rows.columns else ())
    columns = [column for column in ("prompt_tokens", "output_tokens") if column in rows.columns]
    tokens = {column.removesuffix("_tokens"): int(rows[column].sum() or 0) for column in columns}
    return tuple(sorted(rejected.items())), tuple((kind, count) for kind, count in tokens.items() if count)
