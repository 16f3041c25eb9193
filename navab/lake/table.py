"""One Delta table of the lake: reading pinned snapshots, and commits fenced by the claim's epoch."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import polars as pl
import pyarrow as pa
import pyarrow.dataset as pads
from deltalake import DeltaTable, Schema
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError
from deltalake.transaction import (
    AddAction,
    CommitProperties,
    PostCommitHookProperties,
    RemoveAction,
    Transaction,
    create_table_with_add_actions,
)

from navab.errors import ClaimLostError, StorageError
from navab.lake.delta import open_delta
from navab.lake.failures import explain, is_passing, storage_failures
from navab.lake.patience import patiently
from navab.lake.retained import needed_files, read_history, trim_log
from navab.lake.schema import TableSchema, load_schema
from navab.lake.storage import Storage

FILE = "_file"
NO_NATION = "none"  # the folder of files whose rows have no nation
ROWS_AT_ONCE = 4_000_000
_TAKEDOWNS = "navab-mark/takedowns"  # apart from `navab/TABLE`, the fences
_PURGED_BEFORE = "navab-mark/purged-before"
_DELETED_TOGETHER = 500


@dataclass(frozen=True, slots=True)
class DataFile:
    """A Parquet file that a worker has written and the driver has still to commit.

    `rejected` counts its rows by the reason why they were refused, `tokens` those of the engine by their kind.
    """

    table: str
    path: str
    rows: int
    size: int
    nation: str | None
    rejected: tuple[tuple[str, int], ...] = ()
    tokens: tuple[tuple[str, int], ...] = ()

    def action(self, *, data_change: bool = True) -> AddAction:
        # No bounds of columns: `DeltaTable.to_pyarrow_dataset`, through which DuckDB reads, loses a file's rows under a
        # filter on a column without bounds if another column has them (deltalake 1.6.6).
        statistics = json.dumps({"numRecords": self.rows})
        return AddAction(self.path, self.size, {}, int(time.time() * 1000), data_change, statistics)


class TableSnapshot:
    """One version of a table; version -1 is a table that does not exist yet."""

    def __init__(self, storage: Storage, schema: TableSchema, delta: DeltaTable | None) -> None:
        self.storage = storage
        self.schema = schema
        self._delta = delta

    @property
    def version(self) -> int:
        return -1 if self._delta is None else self._delta.version()

    @cached_property
    def files(self) -> pl.DataFrame:
        """Active files: path (relative to the table), rows, size and nation, sorted by path."""
        if self._delta is None:
            columns = {"path": pl.String, "rows": pl.Int64, "size": pl.Int64, "nation": pl.String}
            return pl.DataFrame(schema=columns)
        folder = pl.col("path").str.split("/").list.first()
        return (
            pl.DataFrame(self._delta.get_add_actions(flatten=True))
            .select(
                "path",
                pl.col("num_records").cast(pl.Int64).alias("rows"),
                pl.col("size_bytes").cast(pl.Int64).alias("size"),
                pl.when(folder != NO_NATION).then(folder).alias("nation"),
            )
            .sort("path")
        )

    @property
    def rows(self) -> int:
        return int(self.files["rows"].sum())

    @property
    def stored(self) -> pa.Schema | None:
        """The columns that this version has, which an older navab may have written; None if there is no table."""
        return None if self._delta is None else pa.schema(self._delta.schema().to_arrow())

    @property
    def description(self) -> str | None:
        return None if self._delta is None else self._delta.metadata().description

    def file_path(self, index: int) -> str:
        """Path of an active file by its position in `files`."""
        return self.storage.path("tables", self.schema.name, self.files["path"][index])

    def read(self, columns: Sequence[str], nation: str | None = None) -> pl.DataFrame:
        """Read columns of all rows (of one nation), with `_file`: the position of the row's file in `files`."""
        wanted = self.files if nation is None else self.files.filter(pl.col("nation") == nation)
        return self.read_files(wanted["path"].to_list(), columns)

    def read_files(
        self, paths: Sequence[str], columns: Sequence[str], *, categories: Sequence[str] = ()
    ) -> pl.DataFrame:
        """Read columns of some files, in the order in which they are given, with `_file` as `read` has it.

        Columns named in `categories` come as Categorical.
        """
        wanted = pl.DataFrame({"path": paths}, schema={"path": pl.String}).join(
            self.files.with_row_index(FILE), on="path", how="left", maintain_order="left"
        )
        encoded = [name for name in columns if name in categories]
        frames = [self._no_rows(columns, encoded)]
        part = (wanted["rows"].cum_sum() // ROWS_AT_ONCE).alias("part")
        for _, files in wanted.group_by(part, maintain_order=True):
            frames.append(self._read_part(files, columns, encoded))
        return pl.concat(frames, rechunk=False)

    def _read_part(self, files: pl.DataFrame, columns: Sequence[str], encoded: Sequence[str]) -> pl.DataFrame:
        paths = [self.storage.path("tables", self.schema.name, path) for path in files["path"]]
        try:
            dataset = pads.dataset(
                paths,
                schema=_encode(self.schema.arrow, encoded),
                format=pads.ParquetFileFormat(dictionary_columns=set(encoded)),
                filesystem=self.storage.arrow_filesystem,
            )
            frame = pl.DataFrame(dataset.to_table(columns=[*columns, "__fragment_index"]))
        except (pa.ArrowException, *storage_failures()) as error:
            raise StorageError(f"cannot read table {self.schema.name}: {explain(error)}") from error
        positions = files[FILE].gather(frame["__fragment_index"])
        return frame.drop("__fragment_index").with_columns(positions.alias(FILE))

    def _no_rows(self, columns: Sequence[str], encoded: Sequence[str]) -> pl.DataFrame:
        schema = _encode(self.schema.arrow, encoded)
        empty = pl.DataFrame(pa.schema([schema.field(name) for name in columns]).empty_table())
        return empty.with_columns(pl.lit(None, pl.UInt32).alias(FILE))

    def fence(self, application: str) -> int | None:
        return None if self._delta is None else self._delta.transaction_version(application)

    @property
    def takedowns(self) -> int:
        """How many tombstones have been carried out in this table."""
        return self.fence(_TAKEDOWNS) or 0

    @property
    def purged_before(self) -> int:
        """Versions before this one hold what was taken down: maintenance keeps none of them."""
        return self.fence(_PURGED_BEFORE) or 0

    def commit(self, actions: list[AddAction | RemoveAction], properties: CommitProperties) -> None:
        """Append actions to exactly this version, creating the table if it does not exist."""
        uri = self.storage.uri("tables", self.schema.name)
        delta_schema = Schema.from_arrow(self.schema.arrow)
        if self._delta is None:
            if self.storage.is_local:
                self.storage.filesystem.makedirs(uri, exist_ok=True)
            adds = [action for action in actions if isinstance(action, AddAction)]
            create_table_with_add_actions(
                uri,
                delta_schema,
                adds,
                mode="error",
                description=self.schema.description,
                storage_options=self.storage.delta_options(),
                commit_properties=properties,
            )
            return
        self._delta.create_write_transaction(
            actions,
            "append",
            delta_schema,
            commit_properties=properties,
            # Versions that releases cite need their log: `clean` knows them, Delta does not.
            post_commithook_properties=PostCommitHookProperties(create_checkpoint=True, cleanup_expired_logs=False),
        )

    def alter(self, columns: Sequence[str], properties: CommitProperties) -> None:
        """Add declared columns, or fields within them, that this version lacks, and bring its description up to date.

        Data files stay as they are: a column that a file lacks is read as null.
        """
        if self._delta is None:
            return
        declared = Schema.from_arrow(self.schema.arrow).fields
        fields = [field for field in declared if field.name in columns]
        if fields:
            self._delta.alter.add_columns(fields, commit_properties=properties)
        if self.description != self.schema.description:
            self._delta.alter.set_table_description(self.schema.description, commit_properties=properties)


@dataclass(frozen=True, slots=True)
class Cleaned:
    """How many files maintenance deleted: of data, and of the log."""

    data_files: int
    log_files: int


class LakeTable:
    """A table by name: opens snapshots and commits files to the latest one."""

    def __init__(self, storage: Storage, name: str) -> None:
        self.storage = storage
        self.schema = load_schema(name)
        self.application = f"navab/{name}"

    def snapshot(self, version: int | None = None) -> TableSnapshot:
        """Open the latest version, or an earlier one."""
        return TableSnapshot(self.storage, self.schema, self._open(version))

    def _open(self, version: int | None = None) -> DeltaTable | None:
        """Open a version; None if there is no table."""
        try:
            return open_delta(self.storage, self.schema.name, version)
        except TableNotFoundError:
            return None
        except (DeltaError, OSError) as error:
            uri = self.storage.uri("tables", self.schema.name)
            raise StorageError(f"cannot open table {self.schema.name} at {uri}: {explain(error)}") from error

    def clean(self, retention_hours: int, cited: Sequence[int], check: Callable[[], None]) -> Cleaned:
        """Delete all files, and the part of the log, that no version to be kept needs.

        Kept are the latest version, those within the retention and those cited; none from before a takedown. Files
        that were never committed go as well: only the holder of the claim may call this, and no other run has files
        that it could still commit. `check` is called before every deletion and raises if the claim is lost.
        """
        name = self.schema.name
        try:
            history = read_history(self.storage, name)
            oldest = int((time.time() - retention_hours * 3600) * 1000)
            kept = history.kept(oldest, cited, self.snapshot().purged_before)
            needed = needed_files(self.storage, name, history, kept)
            root = self.storage.path("tables", name) + "/"
            found = [path.removeprefix(root) for path in self.storage.find_files(root)]
            surplus = [path for path in found if path not in needed and not path.startswith("_delta_log/")]
            check()
            log = trim_log(self.storage, name, history, kept)
        except (DeltaError, OSError) as error:
            raise StorageError(f"cannot clean table {name} up: {explain(error)}") from error
        for paths in ([root + path for path in surplus], log):
            for start in range(0, len(paths), _DELETED_TOGETHER):
                check()
                self.storage.delete_files(paths[start : start + _DELETED_TOGETHER])
        return Cleaned(len(surplus), len(log))

    def commit(
        self,
        files: Sequence[DataFile],
        epoch: int,
        *,
        replace: Sequence[str] = (),
        remove: Sequence[str] = (),
        takedowns: int | None = None,
    ) -> int:
        """Commit data files in one version and return how many rows were added.

        Files that are already part of the table are passed over, so that a repeated commit adds nothing.
        `replace` names nations whose current files leave the table in the same commit (snapshot tables), `remove`
        paths of files that do. `takedowns` says how many tombstones this commit carries out: versions before it are
        marked to be purged.
        The fence is Delta's application transaction: a holder of an older epoch is refused.
        """
        return patiently(self.storage.options.retry_s, lambda: self._commit(files, epoch, replace, remove, takedowns))

    def _commit(
        self,
        files: Sequence[DataFile],
        epoch: int,
        replace: Sequence[str],
        remove: Sequence[str],
        takedowns: int | None,
    ) -> int:
        snapshot = self.snapshot()
        marks = {} if takedowns is None else {_TAKEDOWNS: takedowns, _PURGED_BEFORE: snapshot.version + 1}
        properties = self._fenced(snapshot, epoch, marks)
        active = set(snapshot.files["path"])
        named = {file.path: file for file in files}
        added = [file for path, file in named.items() if path not in active]
        gone = [path for path in remove if path not in active]
        if added and gone:
            # What replaces files that have been replaced before would double their rows.
            raise StorageError(f"table {self.schema.name}: file {gone[0]} has left it meanwhile; run the command again")
        removed = [
            RemoveAction(row["path"], True, int(time.time() * 1000), row["size"], {})
            for row in snapshot.files.iter_rows(named=True)
            if (row["nation"] in replace or row["path"] in remove) and row["path"] not in named
        ]
        if not added and not removed and not marks:
            return 0
        with self._commit_errors(lambda latest: _holds(latest, added, removed), epoch):
            snapshot.commit([*(file.action() for file in added), *removed], properties)
        return sum(file.rows for file in added)

    def alter(self, columns: Sequence[str], epoch: int) -> None:
        """Give the table declared columns that it lacks, and its declared description; fenced like `commit`."""
        patiently(self.storage.options.retry_s, lambda: self._alter(columns, epoch))

    def _alter(self, columns: Sequence[str], epoch: int) -> None:
        snapshot = self.snapshot()
        properties = self._fenced(snapshot, epoch)
        with self._commit_errors(lambda latest: _has_columns(latest, columns), epoch):
            snapshot.alter(columns, properties)

    def restate(self, epoch: int) -> None:
        """Commit the table's files again with the statistics that are written now; rows and files stay the same."""
        snapshot = self.snapshot()
        properties = self._fenced(snapshot, epoch)
        name = self.schema.name
        files = [DataFile(name, *row) for row in snapshot.files.select("path", "rows", "size", "nation").iter_rows()]
        with self._commit_errors(lambda latest: latest.version > snapshot.version, epoch):
            snapshot.commit([file.action(data_change=False) for file in files], properties)

    def _fenced(self, snapshot: TableSnapshot, epoch: int, marks: Mapping[str, int] | None = None) -> CommitProperties:
        """What a commit to a snapshot carries; raises ClaimLostError if a later epoch has written to it."""
        fenced_at = snapshot.fence(self.application)
        if fenced_at is not None and fenced_at > epoch:
            raise ClaimLostError(f"another run has taken the lake (epoch {fenced_at}, this run has {epoch})")
        fences = {self.application: epoch} | dict(marks or {})
        transactions = [Transaction(application, number) for application, number in fences.items()]
        return CommitProperties(app_transactions=transactions, max_commit_retries=0)

    @contextmanager
    def _commit_errors(self, stands: Callable[[TableSnapshot], bool], epoch: int) -> Iterator[None]:
        """Report a commit that failed; `stands` tells whether a version is what it would have made.

        If the store's answer to a commit gets lost, the request that is then sent again finds its version taken.
        """
        try:
            yield
        except (DeltaError, OSError) as error:
            taken = isinstance(error, CommitFailedError)
            if taken or is_passing(error):
                latest = self.snapshot()
                if latest.fence(self.application) == epoch and stands(latest):
                    return
            if taken:
                raise ClaimLostError(
                    f"another run wrote to table {self.schema.name} at the same time: {error}"
                ) from error
            raise StorageError(f"cannot commit to table {self.schema.name}: {explain(error)}") from error


def _holds(snapshot: TableSnapshot, added: Sequence[DataFile], removed: Sequence[RemoveAction]) -> bool:
    active = set(snapshot.files["path"])
    return active.issuperset(file.path for file in added) and active.isdisjoint(action.path for action in removed)


def _has_columns(snapshot: TableSnapshot, columns: Sequence[str]) -> bool:
    return snapshot.stored is not None and set(columns) <= set(snapshot.stored.names)


def _encode(schema: pa.Schema, names: Sequence[str]) -> pa.Schema:
    """The schema with dictionaries in the place of the named string columns."""
    dictionary = pa.dictionary(pa.int32(), pa.string())
    return pa.schema([field.with_type(dictionary) if field.name in names else field for field in schema])
