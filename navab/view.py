"""The view: what is current, live and pending in a lake, from keys and fingerprints alone.

A row is current if it has the key and fingerprint that its table should have now. It is live if it is also accepted
and its ancestors are live. Because every table's expected keys are computed from the live rows before it, liveness
needs no flags in the tables. Texts and vectors are never read here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from navab.configuration import Configuration
from navab.lake.derivations import Derivations
from navab.lake.joins import Mask, keep, match
from navab.lake.keys import KeyColumns
from navab.lake.lake import Lake
from navab.lake.schema import load_schema, table_names
from navab.lake.snapshot import TableSnapshot
from navab.nations.registry import Nation, Registry

Frame = Callable[["View"], pl.DataFrame]

# Key columns that are kept from step to step, in bytes; more are read again when they are needed.
KEPT_BYTES = 2 << 30


@dataclass(frozen=True, slots=True)
class _Matched:
    """A table held against its expected keys: which of its rows are current, and what it lacks."""

    current: Mask
    pending: pl.DataFrame


class View:
    """Cached key columns over one lake and configuration; `forget` what a commit changed."""

    def __init__(
        self,
        lake: Lake,
        configuration: Configuration,
        registry: Registry,
        expected: Mapping[str, Frame],
        live: Mapping[str, Frame],
    ) -> None:
        self.lake = lake
        self.configuration = configuration
        self.nations: tuple[Nation, ...] = tuple(
            registry.get(code) for code in configuration.nations or sorted(registry.nations)
        )
        self.registry = registry
        self._expected_of = expected
        self._live_of = live
        self._snapshots: dict[str, TableSnapshot] = {}
        self._keys: dict[str, KeyColumns] = {}
        self._derivations = Derivations()

    @property
    def tracked(self) -> frozenset[str]:
        """Tables of which the view knows what they should hold."""
        return frozenset(self._expected_of)

    def key(self, table: str) -> str:
        """The (single) key column of a row table."""
        return load_schema(table).key[0]

    def snapshot(self, table: str) -> TableSnapshot:
        """The version of a table that this view looks at."""
        self._derivations.uses(table)
        if table not in self._snapshots:
            self._snapshots[table] = self.lake.table(table).snapshot()
        return self._snapshots[table]

    def versions(self) -> dict[str, int]:
        """The versions that this view looks at, of every table that exists."""
        snapshots = {name: self.snapshot(name).version for name in table_names()}
        return {name: version for name, version in snapshots.items() if version >= 0}

    def pin(self, snapshots: Mapping[str, TableSnapshot]) -> None:
        """Look at the given versions of tables instead of the latest ones."""
        self.forget(tuple(snapshots))
        self._snapshots.update(snapshots)

    def rows(self, table: str, *columns: str) -> pl.DataFrame:
        """All rows, current or not: key, nation, fingerprint, the columns asked for, and `_file`."""
        schema = load_schema(table)
        return self._columns(table, list(dict.fromkeys([*schema.key, "nation", "fingerprint", *columns])))

    def expected(self, table: str) -> pl.DataFrame:
        """Keys and fingerprints that the table should have now."""
        return self._expected_of[table](self)

    def current(self, table: str, *columns: str) -> pl.DataFrame:
        """Rows at the current fingerprints."""
        current = self._current_mask(table)
        return keep(self.rows(table, *columns), current)

    def live(self, table: str, *columns: str) -> pl.DataFrame:
        """Current rows that are accepted and whose ancestors are live."""
        live = self._live_mask(table)
        return keep(self.rows(table, *columns), live)

    def live_columns(self, table: str, *columns: str) -> pl.DataFrame:
        """Nothing but some columns of the live rows: a copy of key, fingerprint and file is half of a large frame."""
        live = self._live_mask(table)
        return keep(self._columns(table, columns).select(columns), live)

    def located(self, table: str) -> pl.DataFrame:
        """Current rows with the position of their file."""
        return self.current(table)

    def pending(self, table: str) -> pl.DataFrame:
        """Expected rows that the table does not have."""
        return self._match(table).pending

    def forget(self, tables: Sequence[str] = ()) -> None:
        """Look at the latest versions of the named tables (of all), and derive anew what was derived from them."""
        forgotten = list(tables or self._snapshots)
        for table in forgotten:
            self._snapshots.pop(table, None)
        while len(self._keys) > 1 and self.is_full:
            dropped = next(iter(self._keys))
            del self._keys[dropped]
            forgotten.append(dropped)  # read again, its rows may come in another order
        self._derivations.forget(forgotten)

    @property
    def is_full(self) -> bool:
        """Whether it holds more key columns than it keeps when it forgets what a commit changed."""
        return sum(keys.size for keys in self._keys.values()) > KEPT_BYTES

    def _columns(self, table: str, columns: Sequence[str]) -> pl.DataFrame:
        """Columns of all rows, and `_file`."""
        keys = self._keys.pop(table) if table in self._keys else KeyColumns(KEPT_BYTES)
        self._keys[table] = keys  # the last one used comes last
        return keys.at(self.snapshot(table), columns)

    def _match(self, table: str) -> _Matched:
        return self._derivations.get(("matched", table), lambda: self._find_matched(table))

    def _find_matched(self, table: str) -> _Matched:
        expected = self.expected(table)
        shared = [name for name in self._join_columns(table) if name in expected.columns]
        rows = self._columns(table, shared)
        current, present = match(rows, expected, shared)
        return _Matched(current, keep(expected, ~present))

    def _current_mask(self, table: str) -> Mask:
        """Which rows are at the current fingerprints; a table without files is not compared with what it lacks."""
        return self._match(table).current if self.snapshot(table).files.height else np.zeros(0, dtype=np.bool_)

    def _live_mask(self, table: str) -> Mask:
        return self._derivations.get(("live", table), lambda: self._find_live(table))

    def _find_live(self, table: str) -> Mask:
        live = self._current_mask(table)
        if not len(live):
            return live
        if "rejected_reason" in load_schema(table).arrow.names:
            live = live & self._columns(table, ["rejected_reason"])["rejected_reason"].is_null().to_numpy()
        if table in self._live_of:
            accepted = self._live_of[table](self)
            live = live & match(self._columns(table, accepted.columns), accepted, accepted.columns)[0]
        return live

    def _join_columns(self, table: str) -> list[str]:
        schema = load_schema(table)
        if schema.kind == "snapshot":
            return ["nation", "fingerprint"]
        return [*schema.key, "path", "fingerprint"]
