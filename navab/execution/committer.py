"""The committer: what workers have written becomes part of the tables, every few seconds."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from navab.execution.carrier import Carrier
from navab.execution.compaction import FAN_IN, MergeFiles, merged_files, plan_merges, small_files
from navab.execution.metrics import Metrics
from navab.execution.units import Written
from navab.lake.claim import Claim
from navab.lake.table import DataFile
from navab.stages.base import Unit
from navab.view import View


@dataclass
class _Merge:
    """A merge on its way: its unit and what it has written."""

    table: str
    unit: Unit
    written: list[DataFile] = field(default_factory=list)


class Committer:
    """Commits written files every few seconds, table by table in the order in which they are given.

    The last table of a step says that a unit is done, so its files wait for those of the others. Small files of a
    table are merged on the way, once they are twice as many as a run leaves.
    """

    def __init__(
        self,
        writes: Sequence[str],
        view: View,
        claim: Claim,
        carrier: Carrier,
        *,
        replaces: bool,
        metrics: Metrics,
    ) -> None:
        self._writes = writes
        self._view = view
        self._claim = claim
        self._carrier = carrier
        self._replaces = replaces
        self._metrics = metrics
        self._files: list[DataFile] = []
        self._committed: set[str] = set()
        self._merges: dict[str, _Merge] = {}
        self._unmerged = 0
        self._interval = view.configuration.resources.commit_interval_s
        self._maintenance = view.configuration.maintenance
        self._last = time.monotonic()
        self.rows = 0

    def add(self, written: Written) -> None:
        """Take what a worker has written; `rows` counts rows of the first table."""
        if written.unit in self._merges:
            self._add_merged(written)
        elif written.file is not None:
            self._files.append(written.file)
            self.rows += written.file.rows if written.file.table == self._writes[0] else 0

    def commit_if_due(self) -> None:
        if time.monotonic() - self._last >= self._interval:
            self.commit()
            self._merge_aside()

    def commit(self) -> None:
        """Commit what has been added."""
        for table in self._writes:
            # A file that was committed may have been merged into another one since.
            files = [file for file in self._files if file.table == table and file.path not in self._committed]
            if files:
                replace = sorted({file.nation for file in files if file.nation}) if self._replaces else ()
                started = time.monotonic()
                self._view.lake.commit(table, files, self._claim, replace=replace)
                self._metrics.committed(files, time.monotonic() - started)
                self._committed.update(file.path for file in files)
                self._unmerged += len(files)
        if self._files:
            self._view.forget(self._writes)
        self._files = []
        self._last = time.monotonic()

    def finish(self) -> None:
        """Commit the rest, and merge what there is to merge."""
        self.commit()
        self._merges.clear()  # what Ray had no time for
        for table in filter(self._has_many_files, self._writes):
            while units := self._plan(table):  # merged files may be enough for another merge
                for written in self._carrier.carry(units, MergeFiles(table)):
                    self.add(written)

    def _merge_aside(self) -> None:
        """Have small files merged while the step goes on."""
        if self._unmerged < FAN_IN:
            return
        self._unmerged = 0
        for table in filter(self._has_many_files, self._writes):
            for unit in self._plan(table):
                self._carrier.carry_aside(unit, MergeFiles(table))

    def _has_many_files(self, table: str) -> bool:
        return self._small_files(table).height > 2 * self._maintenance.small_files

    def _plan(self, table: str) -> list[Unit]:
        units = plan_merges(table, self._small_files(table), few=self._maintenance.small_files)
        self._merges.update({unit.name: _Merge(table, unit) for unit in units})
        return units

    def _small_files(self, table: str) -> pl.DataFrame:
        """Small files that are not being merged."""
        taken = {path for merge in self._merges.values() for path in merged_files(merge.unit)}
        return small_files(table, self._view.snapshot(table).files, self._maintenance.merge_mb << 20, taken)

    def _add_merged(self, written: Written) -> None:
        """Put a merged file in the place of those that it was made of."""
        merge = self._merges[written.unit]
        if written.file is not None:
            merge.written.append(written.file)
            return
        del self._merges[written.unit]
        self._view.lake.commit(merge.table, merge.written, self._claim, remove=merged_files(merge.unit))
        self._view.forget((merge.table,))
