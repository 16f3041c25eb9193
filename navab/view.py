"""The view: what is current, live and pending in a lake, from keys and fingerprints alone.

A row is current if it has the key and fingerprint that its table should have now. It is live if it is also accepted
and its ancestors are live. Because every table's expected keys are computed from the live rows before it, liveness
needs no flags in the tables. Texts and vectors are never read here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import polars as pl

from navab.configuration import Configuration
from navab.lake.lake import Lake
from navab.lake.schema import load_schema
from navab.lake.table import FILE, TableSnapshot
from navab.nations.registry import Nation, Registry

Frame = Callable[["View"], pl.DataFrame]


class View:
    """Cached key frames over one lake and configuration; `forget` what a commit changed."""

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
        self._frames: dict[tuple[str, str, tuple[str, ...]], pl.DataFrame] = {}

    @property
    def tracked(self) -> frozenset[str]:
        """Tables of which the view knows what they should hold."""
        return frozenset(self._expected_of)

    def key(self, table: str) -> str:
        """The (single) key column of a row table."""
        return load_schema(table).key[0]

    def snapshot(self, table: str) -> TableSnapshot:
        """The version of a table that this view looks at."""
        if table not in self._snapshots:
            self._snapshots[table] = self.lake.table(table).snapshot()
        return self._snapshots[table]

    def pin(self, snapshots: Mapping[str, TableSnapshot]) -> None:
        """Look at the given versions of tables instead of the latest ones."""
        self.forget(tuple(snapshots))
        self._snapshots.update(snapshots)

    def rows(self, table: str, *columns: str) -> pl.DataFrame:
        """All rows, current or not: key, nation, fingerprint, the columns asked for, and `_file`."""
        schema = load_schema(table)
        names = tuple(dict.fromkeys([*schema.key, "nation", "fingerprint", *columns]))
        return self._cached("rows", table, names, lambda: self.snapshot(table).read(names))

    def expected(self, table: str) -> pl.DataFrame:
        """Keys and fingerprints that the table should have now."""
        return self._cached("expected", table, (), lambda: self._expected_of[table](self))

    def current(self, table: str, *columns: str) -> pl.DataFrame:
        """Rows at the current fingerprints."""
        expected = self.expected(table)
        shared = [name for name in self._join_columns(table) if name in expected.columns]
        rows = self.rows(table, *columns, *(name for name in shared if name != FILE))
        return rows.join(expected, on=shared, how="semi", maintain_order="left")

    def live(self, table: str, *columns: str) -> pl.DataFrame:
        """Current rows that are accepted and whose ancestors are live."""
        schema = load_schema(table)
        refused = "rejected_reason" in schema.arrow.names
        rows = self.current(table, *columns, *(["rejected_reason"] if refused else []))
        if refused:
            rows = rows.filter(pl.col("rejected_reason").is_null())
        if table in self._live_of:
            accepted = self._cached("live", table, (), lambda: self._live_of[table](self))
            rows = rows.join(accepted, on=accepted.columns, how="semi", maintain_order="left")
        return rows

    def located(self, table: str) -> pl.DataFrame:
        """Current rows with the position of their file."""
        return self.current(table)

    def pending(self, table: str) -> pl.DataFrame:
        """Expected rows that the table does not have."""
        expected = self.expected(table)
        shared = [name for name in self._join_columns(table) if name in expected.columns]
        return expected.join(self.rows(table), on=shared, how="anti", maintain_order="left")

    def forget(self, tables: Sequence[str] = ()) -> None:
        """Drop what was cached: of the named tables' snapshots, and of everything derived."""
        for table in tables or tuple(self._snapshots):
            self._snapshots.pop(table, None)
        stale = [key for key in self._frames if key[0] != "rows" or not tables or key[1] in tables]
        for key in stale:
            del self._frames[key]

    def _join_columns(self, table: str) -> list[str]:
        schema = load_schema(table)
        if schema.kind == "snapshot":
            return ["nation", "fingerprint"]
        return [*schema.key, "path", "fingerprint"]

    def _cached(self, kind: str, table: str, names: tuple[str, ...], make: Callable[[], pl.DataFrame]) -> pl.DataFrame:
        key = (kind, table, names)
        if key not in self._frames:
            self._frames[key] = make()
        return self._frames[key]
