"""What a stage is made of: tables it writes, keys it should have, units of pending work, and a function for one unit.

A stage declares; the pipeline runs. Nothing here or in a stage knows Ray.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from navab.lake.failures import reported
from navab.lake.hashing import Int64Array, block_digest
from navab.lake.joins import Mask, keep, match
from navab.lake.schema import load_schema
from navab.lake.snapshot import FILE
from navab.lake.storage import Storage
from navab.models.embedder import Embedders
from navab.view import View

_FEW_KEYS = 512  # of a file, to look for in every row


@dataclass(frozen=True, slots=True)
class Selection:
    """Rows of one table that a unit reads: per file, their keys and fingerprints."""

    table: str
    columns: tuple[str, ...]
    key: str
    parts: tuple[tuple[str, Int64Array, Int64Array], ...]

    @property
    def rows(self) -> pl.DataFrame:
        """Key and fingerprint of the rows, sorted by key; nothing is read."""
        keys = [pl.DataFrame({self.key: keys, "fingerprint": prints}) for _, keys, prints in self.parts]
        empty = load_schema(self.table).arrow.field
        none = pl.DataFrame(pa.schema([empty(self.key), empty("fingerprint")]).empty_table())
        return pl.concat([none, *keys]).sort(self.key)

    @property
    def height(self) -> int:
        """How many rows there are to read."""
        return sum(len(keys) for _, keys, _ in self.parts)

    def only(self, keys: pl.Series) -> Selection:
        """Those of its rows that have one of the keys; files without one are not read."""
        return self.divided(keys)[0]

    def divided(self, keys: pl.Series) -> tuple[Selection, Selection]:
        """Those of its rows that have one of the keys, and the others."""
        if not self.parts:
            return self, self
        wanted = np.isin(np.concatenate([own for _, own, _ in self.parts]), keys.to_numpy())
        ends = np.cumsum([len(own) for _, own, _ in self.parts])
        masks = np.split(wanted, ends[:-1])
        return self._masked(masks), self._masked([~mask for mask in masks])

    def _masked(self, masks: Sequence[Mask]) -> Selection:
        parts = [
            (path, keys[mask], fingerprints[mask])
            for (path, keys, fingerprints), mask in zip(self.parts, masks, strict=True)
            if mask.any()
        ]
        return replace(self, parts=tuple(parts))

    def read(self, storage: Storage) -> pl.DataFrame:
        """Read the rows, sorted by key; a column that an old file lacks is null."""
        return pl.concat([pl.DataFrame(self._schema.empty_table()), *self._read_files(storage)]).sort(self.key)

    def read_blocks(self, storage: Storage, rows: int) -> Iterator[pl.DataFrame]:
        """Read so many rows at a time, or those of one file where it has more, in no order that means anything."""
        gathered: list[pl.DataFrame] = []
        for frame in self._read_files(storage):
            gathered.append(frame)
            if sum(one.height for one in gathered) >= rows:
                yield pl.concat(gathered)
                gathered = []
        if gathered:
            yield pl.concat(gathered)

    def _read_files(self, storage: Storage) -> Iterator[pl.DataFrame]:
        for path, keys, fingerprints in self.parts:
            with reported(f"read {storage.shown(path)}"):
                rows = pq.read_table(
                    path,
                    columns=self._schema.names,
                    schema=load_schema(self.table).arrow,
                    filters=_among(self.key, keys),
                    filesystem=storage.arrow_filesystem,
                )
            frame = pl.DataFrame(rows)
            if frame.height == len(keys) and _same(frame[self.key], keys) and _same(frame["fingerprint"], fingerprints):
                yield frame  # the whole file, as it is
                continue
            wanted = pl.DataFrame({self.key: keys, "fingerprint": fingerprints})
            yield frame.join(wanted, on=[self.key, "fingerprint"], how="semi")

    @property
    def _schema(self) -> pa.Schema:
        """Of what is read."""
        whole = load_schema(self.table).arrow
        return pa.schema([whole.field(name) for name in dict.fromkeys([self.key, "fingerprint", *self.columns])])


def _same(column: pl.Series, values: npt.NDArray[Any]) -> bool:
    return np.array_equal(column.to_numpy(), values)


def _among(key: str, keys: Int64Array) -> pc.Expression | None:
    """Skips row groups without any of the keys, where files are sorted by key; of few keys, reads no other rows."""
    if not len(keys) or not np.issubdtype(keys.dtype, np.integer):
        return None
    column = pc.field(key)
    between = (column >= int(keys.min())) & (column <= int(keys.max()))
    return between & column.isin(pa.array(keys)) if len(keys) <= _FEW_KEYS else between


@dataclass(frozen=True, slots=True)
class Unit:
    """A bounded piece of pending work of one nation.

    `pending` holds key, fingerprint and small columns of the rows to make, sorted by key; `reads` says which rows
    of other tables they are made of; `facts` carries small values that the driver knows.
    """

    name: str
    nation: str | None
    pending: pl.DataFrame
    reads: Mapping[str, Selection] = field(default_factory=dict)
    facts: Mapping[str, object] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        return self.pending.height


@dataclass(frozen=True, slots=True)
class Output:
    """Rows that a unit made for one table."""

    table: str
    rows: pa.Table


class Work(Protocol):
    """Makes the rows of one unit; picklable, and a pure function of unit and storage."""

    def __call__(self, unit: Unit, storage: Storage) -> Iterator[Output]: ...


@dataclass(frozen=True, slots=True)
class Equation:
    """A conservation equation for one nation: nothing was lost or doubled if both sides are equal."""

    name: str
    nation: str | None
    left: int
    right: int

    @property
    def holds(self) -> bool:
        return self.left == self.right


@dataclass(frozen=True, slots=True)
class Step:
    """One pass over pending work.

    `writes` names its tables in the order in which they are committed: the last one is what planning looks at.
    `expected` tells, for each, which keys it should have at the current fingerprints.
    `complete` adds to units what is not needed to tell whether there are any; Ray starts meanwhile.
    `live` refines what counts as accepted, where that is more than an absent rejected_reason.
    `asks_engine` tells whether its work asks the configured engine, which is started first if it is a model.
    `at_once` limits how many units run before what they made is committed, where losing one costs much.
    `gpus` is what each of its workers holds, a fraction where several share a GPU.
    """

    name: str
    writes: tuple[str, ...]
    expected: Mapping[str, Callable[[View], pl.DataFrame]]
    plan: Callable[[View], list[Unit]]
    work: Callable[[View], Work]
    live: Mapping[str, Callable[[View], pl.DataFrame]] = field(default_factory=dict)
    complete: Callable[[View, Sequence[Unit]], Sequence[Unit]] = lambda view, units: units
    replaces: bool = False
    asks_engine: Callable[[View], bool] = lambda view: False
    at_once: Callable[[View], int] | None = None
    gpus: Callable[[View], float] = lambda view: 0.0


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of the pipeline: its steps in order, and the equations that must hold when they are done."""

    name: str
    steps: tuple[Step, ...]
    conservation: Callable[[View], list[Equation]]


def plan_rows(
    view: View,
    table: str,
    reads: Mapping[str, tuple[str, Sequence[str]]],
    *,
    carry: Callable[[View], pl.DataFrame] | None = None,
    unit_rows: int | None = None,
) -> list[Unit]:
    """Plan units for a row table: pending rows, grouped by nation and by the files that they are read from.

    `reads` maps a table to (key column in the pending frame, columns to read); the first one decides the grouping.
    `carry` adds small columns to the pending rows, joined on the table's key; it is asked only if rows are pending.
    """
    pending = view.pending(table)
    if pending.is_empty():
        return []
    key = view.key(table)
    if carry is not None:
        pending = extend(pending, carry(view), key)
    for name, (column, _) in reads.items():
        pending = extend(pending, _places(view, name, column), column)
    main = next(iter(reads))
    units = []
    size = unit_rows or view.configuration.resources.unit_rows
    for (nation,), rows in pending.sort("nation", _place(main)[0], key).group_by("nation", maintain_order=True):
        for start in range(0, rows.height, size):
            block = rows.slice(start, size).sort(key)
            selections = {
                name: _selection(view, name, block.unique([column, *_place(name)]), column, columns)
                for name, (column, columns) in reads.items()
            }
            own = block.drop(*(column for name in reads for column in _place(name)))
            units.append(Unit(unit_name(table, own, key), str(nation), own, selections))
    return units


def select(
    view: View,
    table: str,
    located: pl.DataFrame,
    keys: pl.Series,
    columns: Sequence[str],
    *,
    key: str | None = None,
) -> Selection:
    """Select the rows of `located` that have the given keys; `key` names the column where it is not the table's."""
    key = key or view.key(table)
    return select_all(view, table, located.join(pl.DataFrame({key: keys.unique()}), on=key, how="semi"), columns, key)


def select_all(
    view: View, table: str, located: pl.DataFrame, columns: Sequence[str], key: str | None = None
) -> Selection:
    """Select all rows of `located`; `key` names the column where it is not the table's."""
    key = key or view.key(table)
    renamed = located.rename(dict(zip((FILE, "fingerprint"), _place(table), strict=True)))
    return _selection(view, table, renamed, key, columns, key)


def _places(view: View, table: str, column: str) -> pl.DataFrame:
    """Where the current rows of a table lie: their key as `column`, file and fingerprint."""
    names = (view.key(table), FILE, "fingerprint")
    return view.located(table).select(
        pl.col(name).alias(alias) for name, alias in zip(names, (column, *_place(table)), strict=True)
    )


def extend(pending: pl.DataFrame, columns: pl.DataFrame, on: str) -> pl.DataFrame:
    """Pending rows with columns of a frame that may have many times as many rows."""
    wanted = keep(columns, match(columns, pending, [on])[0])
    return pending.join(wanted, on=on, how="left")


def _selection(
    view: View, table: str, rows: pl.DataFrame, column: str, columns: Sequence[str], key: str | None = None
) -> Selection:
    """The selection of a table's rows by key, file and fingerprint columns."""
    snapshot = view.snapshot(table)
    file, fingerprint = _place(table)
    wanted = rows.select(column, file, fingerprint).sort(file, column)  # all different
    parts = tuple(
        (snapshot.file_path(int(str(index))), part[column].to_numpy(), part[fingerprint].to_numpy())
        for (index,), part in wanted.group_by(file, maintain_order=True)
    )
    return Selection(table, tuple(columns), key or view.key(table), parts)


def _place(table: str) -> tuple[str, str]:
    """Columns of a frame that say where rows of another table lie: file and fingerprint."""
    return f"_file_{table}", f"_fingerprint_{table}"


def unit_name(table: str, pending: pl.DataFrame, key: str) -> str:
    """Name a unit by its pending keys, so that the same work always has the same name."""
    keys = np.asarray(pending[key].to_numpy(), dtype=np.int64)
    return f"{table}-{block_digest(table, [keys, pending['fingerprint'].to_numpy()])}"


def conform(rows: pl.DataFrame, table: str) -> pa.Table:
    """The columns of a table's schema, in its order and types."""
    schema = load_schema(table).arrow
    return rows.select(schema.names).to_arrow().cast(schema)


def engine_unit_rows(view: View) -> int | None:
    """Rows of a unit that asks the engine: fewer if it is a model, whose answers are dear."""
    engine = view.configuration.engine
    return None if engine.kind == "rules" else engine.unit_rows


def embedders(view: View) -> Embedders:
    """The embedders of a view's nations."""
    return Embedders.configured(view.configuration.embedder, view.nations)


def embedder_gpus(view: View) -> float:
    """The share of a GPU that a worker which embeds is to have."""
    return embedders(view).gpus([nation.code for nation in view.nations])


def signatures_by_nation(nations: pl.Series, view: View, signature_of: Callable[[str], int]) -> pl.Series:
    """The signature of each row's nation, where nations may differ in what makes their rows."""
    known = {nation.code: signature_of(nation.code) for nation in view.nations}
    return nations.replace_strict(known, return_dtype=pl.Int64)


def map_column(values: pl.Series, known: Mapping[str, int]) -> pl.Series:
    """Each value's number, where all values are known."""
    return values.replace_strict(known, return_dtype=pl.Int64) if known else values.cast(pl.Int64)


def count_by_nation(rows: pl.DataFrame, view: View) -> dict[str, int]:
    """Rows of every configured nation, 0 included."""
    counts = dict(rows.group_by("nation").len().iter_rows())
    return {nation.code: counts.get(nation.code, 0) for nation in view.nations}


def equate(name: str, view: View, left: pl.DataFrame, *right: pl.DataFrame) -> list[Equation]:
    """One equation a nation: rows on the left = sum of the rows on the right."""
    lefts = count_by_nation(left, view)
    rights = [count_by_nation(frame, view) for frame in right]
    return [Equation(name, code, count, sum(part[code] for part in rights)) for code, count in lefts.items()]
