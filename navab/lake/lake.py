"""The lake: one address that holds tables, claims, run records, releases and reports."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from navab.errors import StorageError
from navab.lake.claim import LIFETIME_S, RELEASE_CLAIMS, Claim, latest_claim
from navab.lake.failures import explain
from navab.lake.schema import table_names
from navab.lake.snapshot import TableSnapshot
from navab.lake.storage import Storage, StorageOptions
from navab.lake.table import DataFile, LakeTable

OPENED_TOGETHER = 8  # tables
_ESCAPED = re.compile(r"%[0-9A-Fa-f]{2}")


class Lake:
    """Tables of a lake by name."""

    def __init__(self, uri: str, options: StorageOptions | None = None) -> None:
        storage = Storage(uri, options or StorageOptions())
        # Workers may have another working directory.
        self.storage = Storage(storage.path(), storage.options) if storage.is_local else storage

    @cached_property
    def _tables(self) -> dict[str, LakeTable]:
        return {name: LakeTable(self.storage, name) for name in table_names()}

    def table(self, name: str) -> LakeTable:
        return self._tables[name]

    def check_address(self) -> None:
        """Raise StorageError if the lake's address cannot be that of a lake, or if its store does not let us in."""
        if not self.storage.is_local:
            self.storage.list_files(self.storage.path("claims"))
            return
        folder = Path(self.storage.path())
        if escaped := _ESCAPED.search(str(folder)):
            raise StorageError(
                f"lake {folder}: Delta Lake reads '{escaped[0]}' as a character; give the folder another name"
            )
        above = next(path for path in (folder, *folder.parents) if path.exists())
        if not above.is_dir():
            what = "is a file" if above == folder else f"cannot be: {above} is a file"
            raise StorageError(f"lake {folder} {what}; give a folder or an s3:// address")

    def check_location(self) -> None:
        """Raise StorageError if this process cannot write there, or if the store could not keep two runs apart."""
        self.check_address()
        if not self.storage.is_local:
            self._check_conditional_writes()
            return
        folder = Path(self.storage.path())
        probe = folder / f".write-probe-{uuid.uuid4().hex}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            probe.write_bytes(b"probe")
            probe.unlink()
        except OSError as error:
            with suppress(OSError):
                probe.unlink(missing_ok=True)
            raise StorageError(f"lake {folder} is not writable: {explain(error)}") from error

    def _check_conditional_writes(self) -> None:
        """Claims and Delta's commits rest on `If-None-Match: *`; some stores ignore it and overwrite."""
        probe = self.storage.path("claims", f"probe-{uuid.uuid4().hex}")
        created = self.storage.create_exclusively(probe, b"first")
        overwritten = self.storage.create_exclusively(probe, b"second")
        self.storage.delete(probe)
        if overwritten or not created:
            raise StorageError(
                f"lake {self.storage.root} lies on a store that ignores conditional writes (If-None-Match): two runs "
                "could overwrite each other's commits; use a store that honours them, such as AWS S3, MinIO or "
                "SeaweedFS, or a local folder"
            )

    def check_free(self) -> None:
        """Raise LakeHeldError if another run holds the lake; only a claim keeps others out."""
        latest = latest_claim(self.storage)
        if latest is not None and latest.is_live():
            raise latest.refusal(f"lake {self.storage.root}")

    def snapshots(self) -> dict[str, TableSnapshot]:
        """Open the latest version of every table, many at a time: an object store takes its time over each."""
        with ThreadPoolExecutor(OPENED_TOGETHER) as threads:
            opened = threads.map(LakeTable.snapshot, self._tables.values())
            return dict(zip(self._tables, opened, strict=True))

    def claim(self, command: str, *, lifetime_s: float = LIFETIME_S) -> Claim:
        """Claim the lake for writing; a claim that its holder did not release fences all its tables.

        Raises StorageError if the lake cannot be written to.
        """
        self.check_location()
        return Claim(self.storage, command, self._fence, self._last_epoch, lifetime_s=lifetime_s)

    def claim_releases(self, command: str) -> Claim:
        """Claim the writing of releases, which runs and takedowns do at the same time as `navab release`.

        Two that took the same name would mix their shards. Raises StorageError if the lake cannot be written to.
        """
        self.check_location()
        return Claim(self.storage, command, folder=RELEASE_CLAIMS)

    def commit(
        self,
        name: str,
        files: Sequence[DataFile],
        claim: Claim,
        *,
        replace: Sequence[str] = (),
        remove: Sequence[str] = (),
        takedowns: int | None = None,
    ) -> int:
        """Commit files to a table while the claim holds."""
        claim.check()
        return self.table(name).commit(files, claim.epoch, replace=replace, remove=remove, takedowns=takedowns)

    def _last_epoch(self) -> int:
        fences = [snapshot.fence(self._tables[name].application) for name, snapshot in self.snapshots().items()]
        return max((epoch for epoch in fences if epoch is not None), default=0)

    def _fence(self, epoch: int) -> None:
        for table in self._tables.values():
            table.fence(epoch)
