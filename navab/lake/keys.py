"""Key columns of a table in memory, kept in step with its files.

Data files never change, so after a commit only new files are read and the rows of files that have left are dropped.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from navab.errors import StorageError
from navab.lake.snapshot import FILE, TableSnapshot

# Frames of more pieces than this are put together before they are used.
_PIECES = 64

# Columns with few distinct values: 4 bytes a row instead of a string each.
CATEGORIES = ("nation", "path", "crawl", "source", "language", "rejected_reason", "kind", "verdict", "source_type")


class KeyColumns:
    """Columns of all rows of one table; columns are read when they are first asked for.

    Columns that are not asked for leave when the table takes more than `kept_bytes`; they are read again when needed.
    """

    def __init__(self, kept_bytes: int) -> None:
        self._kept_bytes = kept_bytes
        self._paths = pl.Series("path", [], dtype=pl.String)
        self._order: list[str] = []
        self._rows: pl.DataFrame | None = None

    @property
    def size(self) -> int:
        """Bytes in memory."""
        return 0 if self._rows is None else int(self._rows.estimated_size())

    def at(self, snapshot: TableSnapshot, columns: Sequence[str]) -> pl.DataFrame:
        """Columns of all rows of a version, with `_file`: the position of the row's file in its `files`."""
        if self._rows is None:
            self._paths = snapshot.files["path"]
            self._order = self._paths.to_list()
            self._rows = snapshot.read_files(self._order, columns, categories=CATEGORIES)
        else:
            if self.size > self._kept_bytes:
                self._rows = self._rows.select(*(name for name in columns if name in self._rows.columns), FILE)
            self._rows = self._follow(self._rows, snapshot)
            self._rows = self._widen(self._rows, snapshot, columns)
        if self._rows.n_chunks() > _PIECES:
            self._rows = self._rows.rechunk()
        return self._rows.select(*columns, FILE)

    def _follow(self, rows: pl.DataFrame, snapshot: TableSnapshot) -> pl.DataFrame:
        """Rows of the files that a version has."""
        paths = snapshot.files["path"]
        if paths.equals(self._paths):
            return rows
        places = dict(zip(paths, range(len(paths)), strict=True))
        moved = pl.Series([places.get(path) for path in self._paths], dtype=pl.UInt32)
        rows = rows.with_columns(moved.gather(rows[FILE]).alias(FILE))
        if moved.null_count():
            rows = rows.filter(pl.col(FILE).is_not_null())
        known = set(self._paths)
        added = [path for path in paths if path not in known]
        if added:
            columns = [name for name in rows.columns if name != FILE]
            more = snapshot.read_files(added, columns, categories=CATEGORIES)
            rows = rows.vstack(more.select(rows.columns))
        self._order = [path for path in self._order if path in places] + added
        self._paths = paths
        return rows

    def _widen(self, rows: pl.DataFrame, snapshot: TableSnapshot, columns: Sequence[str]) -> pl.DataFrame:
        """The rows with columns that were not read before."""
        missing = [name for name in columns if name not in rows.columns]
        if not missing:
            return rows
        more = snapshot.read_files(self._order, missing, categories=CATEGORIES)
        if more.height != rows.height:
            raise StorageError(f"table {snapshot.schema.name}: its files changed while they were read; run again")
        return rows.hstack(more.drop(FILE))
