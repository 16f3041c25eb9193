"""Earlier versions of a lake's tables: as of a time, or of version numbers, as far back as files are kept.

What `navab maintain` deleted cannot be read back; versions that a release cites stay readable.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property

from navab.errors import ConfigurationError
from navab.lake.lake import Lake
from navab.lake.log import Log, committed_at_ms, read_log
from navab.lake.schema import table_names
from navab.lake.snapshot import TableSnapshot
from navab.lake.table import LakeTable


@dataclass(frozen=True)
class AsOf:
    """Which versions to look at: a time or one number for all tables, and numbers of single tables."""

    time: datetime | None = None
    version: int | None = None
    tables: Mapping[str, int] = field(default_factory=dict)


def parse_as_of(values: Sequence[str]) -> AsOf:
    """Read VERSION, TIME (ISO 8601, UTC unless it says otherwise) and TABLE=VERSION; raises ConfigurationError."""
    time, version, tables = None, None, {}
    for value in values:
        table, separator, number = value.rpartition("=")
        if not separator and (time is not None or version is not None):
            raise ConfigurationError(f"--as-of {value}: give one time or version, and others as TABLE=VERSION")
        if separator:
            if table not in table_names():
                raise ConfigurationError(f"--as-of {value}: no table '{table}'; tables are {', '.join(table_names())}")
            tables[table] = _version(number, value)
        elif value.isdecimal():
            version = _version(value, value)
        else:
            time = _time(value)
    return AsOf(time, version, tables)


def snapshots_as_of(lake: Lake, as_of: AsOf, cited: Mapping[str, Collection[int]]) -> dict[str, TableSnapshot]:
    """Every table as it was; a table that did not exist yet is empty.

    `cited` are the versions that releases keep readable. Raises ConfigurationError naming the earliest version and
    time that can be read if what is asked for lies beyond that.
    """
    histories = {name: TableHistory(lake.table(name), cited.get(name, ())) for name in table_names()}
    wanted = {name: _wanted(history, as_of) for name, history in histories.items()}
    beyond = [name for name, version in wanted.items() if version is not None and not histories[name].has(version)]
    if beyond:
        # The table that goes back least decides how far the lake can be read back.
        time, name = max((histories[name].committed_at(histories[name].earliest), name) for name in beyond)
        raise ConfigurationError(
            f"table {name} cannot be read at version {wanted[name]}: its files are deleted; the earliest version that "
            f"can be read is {histories[name].earliest}, of {_shown(time)}"
        )
    existing = [history for history in histories.values() if history.latest.version >= 0]
    if existing and all(version is None for version in wanted.values()):
        first = min(history.committed_at(history.versions[0]) for history in existing)
        raise ConfigurationError(f"lake {lake.storage.root} did not exist then: its tables begin at {_shown(first)}")
    return {name: history.open(wanted[name]) for name, history in histories.items()}


def _wanted(history: TableHistory, as_of: AsOf) -> int | None:
    """The version of a table that is meant, None for a table that did not exist then."""
    name, latest = history.latest.schema.name, history.latest.version
    if name in as_of.tables:
        if as_of.tables[name] > latest:
            known = f"it has versions 0 to {latest}" if latest >= 0 else "there is no such table yet"
            raise ConfigurationError(f"--as-of {name}={as_of.tables[name]}: {known}")
        return as_of.tables[name]
    if latest < 0:
        return None
    if as_of.time is not None:
        return history.version_at(as_of.time)
    return latest if as_of.version is None else min(latest, as_of.version)


class TableHistory:
    """The versions of one table, as far back as Delta's log and the data files are kept."""

    def __init__(self, table: LakeTable, cited: Collection[int] = ()) -> None:
        self.latest = table.snapshot()
        self._table = table
        self._cited = cited
        self._folder = table.storage.path("tables", table.schema.name)

    @cached_property
    def _log(self) -> Log:
        return read_log(self._table.storage, self.latest.schema.name)

    @cached_property
    def versions(self) -> list[int]:
        """Versions whose time the log still tells, oldest first."""
        return sorted(version for version in self._log.openable & self._log.commits if version <= self.latest.version)

    def committed_at(self, version: int) -> datetime:
        """When a version was committed, by the clock of the run that did it."""
        content = self._table.storage.read_bytes(self._log.commit_file(version))
        return datetime.fromtimestamp(committed_at_ms(content) / 1000, UTC)

    def version_at(self, time: datetime) -> int | None:
        """The latest version at a time: None before version 0, and one that is gone before the oldest of the log."""
        position = bisect_right(self.versions, time, key=self.committed_at)
        if position == 0:
            return None if self.versions[0] == 0 else self.versions[0] - 1
        following = self.versions[position] if position < len(self.versions) else self.versions[-1] + 1
        # Between a version that a release cites and the next one of the log, versions may be gone.
        return self.versions[position - 1] if following == self.versions[position - 1] + 1 else following - 1

    def has(self, version: int) -> bool:
        """Whether a version can be read: its log and all its data files are there."""
        if version not in self._log.openable:
            return False
        dropped = set(self.open(version).files["path"]) - set(self.latest.files["path"])
        return dropped <= self._present if dropped else True

    @property
    def earliest(self) -> int:
        """The version from which on all can be read; what releases cite may go further back."""
        latest = self.latest.version
        uncited = [version for version in self.versions if version not in self._cited and version < latest]
        return [*uncited, latest][bisect_left(uncited, True, key=self.has)]

    def open(self, version: int | None) -> TableSnapshot:
        """Open a version; None is the table before it existed."""
        if version is None:
            return TableSnapshot(self._table.storage, self._table.schema, None)
        return self.latest if version == self.latest.version else self._table.snapshot(version)

    @cached_property
    def _present(self) -> frozenset[str]:
        found = self._table.storage.find_files(self._folder)
        return frozenset(path.removeprefix(f"{self._folder}/") for path in found)


def _version(number: str, value: str) -> int:
    if not number.isdecimal():
        raise ConfigurationError(f"--as-of {value}: a version is a whole number from 0")
    return int(number)


def _time(value: str) -> datetime:
    try:
        time = datetime.fromisoformat(value)
    except ValueError as error:
        raise ConfigurationError(
            f"--as-of {value}: give a version number, TABLE=VERSION or a time such as 2026-11-05 or 2026-11-05T14:30"
        ) from error
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def _shown(time: datetime) -> str:
    return f"{time.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"
