"""One Delta table of the lake: its versions, and commits fenced by the claim's epoch."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError
from deltalake.transaction import AddAction, CommitProperties, RemoveAction, Transaction

from navab.errors import ClaimLostError, StorageError
from navab.lake.delta import open_delta
from navab.lake.failures import explain, is_passing
from navab.lake.patience import patiently
from navab.lake.schema import load_schema
from navab.lake.snapshot import PURGED_BEFORE, TAKEDOWNS, TableSnapshot
from navab.lake.storage import Storage

_FENCE_ATTEMPTS = 20
_REBASES = 15  # over appends without the claim, by Delta itself


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


class LakeTable:
    """A table by name: opens snapshots and commits files to the latest one."""

    def __init__(self, storage: Storage, name: str) -> None:
        self.storage = storage
        self.schema = load_schema(name)
        self.application = f"navab/{name}"
        self._missing_at: int | None = None  # the epoch at whose beginning there was no such table to fence

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
        marks = {} if takedowns is None else {TAKEDOWNS: takedowns, PURGED_BEFORE: snapshot.version + 1}
        # Which versions are to be purged is known only if the commit lands on this very one.
        properties = self._fenced(snapshot, epoch, marks, rebases=takedowns is None)
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

    def fence(self, epoch: int) -> None:
        """Commit nothing but the epoch, so that no holder of an older one can commit any more.

        A table that does not exist cannot be fenced: this is remembered, and the first commit looks for it.
        """
        patiently(self.storage.options.retry_s, lambda: self._fence(epoch))

    def _fence(self, epoch: int) -> None:
        for _ in range(_FENCE_ATTEMPTS):
            snapshot = self.snapshot()
            if snapshot.version < 0:
                self._missing_at = epoch
            if snapshot.version < 0 or snapshot.fence(self.application) == epoch:
                return
            try:
                snapshot.commit([], self._fenced(snapshot, epoch))
            except CommitFailedError:
                continue  # the former holder came first once more, or only the answer got lost
            except (DeltaError, OSError) as error:
                raise StorageError(f"cannot fence table {self.schema.name}: {explain(error)}") from error
        raise StorageError(f"cannot fence table {self.schema.name}: others go on writing to it; run the command again")

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

    def _fenced(
        self, snapshot: TableSnapshot, epoch: int, marks: Mapping[str, int] | None = None, *, rebases: bool = True
    ) -> CommitProperties:
        """What a commit to a snapshot carries.

        Raises ClaimLostError if a later epoch has written to it, StorageError if a lost one has made the table since.
        """
        fenced_at = snapshot.fence(self.application)
        if fenced_at is not None and fenced_at > epoch:
            raise ClaimLostError(f"another run has taken the lake (epoch {fenced_at}, this run has {epoch})")
        made_since = self._missing_at == epoch and fenced_at != epoch and snapshot.version >= 0
        if made_since and self.schema.claimed:  # others may be made at any time, by an append without the claim
            raise StorageError(
                f"table {self.schema.name} was made by a run that had lost the lake; run the command again"
            )
        fences = {self.application: epoch} | dict(marks or {})
        transactions = [Transaction(application, number) for application, number in fences.items()]
        retries = 0 if self.schema.claimed or snapshot.version < 0 or not rebases else _REBASES
        return CommitProperties(app_transactions=transactions, max_commit_retries=retries)

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
