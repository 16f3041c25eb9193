"""Cleaning a table up: what no version to be kept needs is deleted, of its data files and of its log.

Read from the table's log, without opening every version. Delta's own `vacuum` commits two versions of its own outside
the claim's fence, passes over temporary files, and knows no version before which nothing may stay.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote

from deltalake.exceptions import DeltaError

from navab.errors import StorageError
from navab.lake.delta import open_delta
from navab.lake.failures import explain
from navab.lake.log import Log, actions, read_log
from navab.lake.storage import Storage
from navab.lake.table import LakeTable

_TOGETHER = 500  # commit files read, or files deleted, at once
_WRITTEN_S = 3600  # a file that is not committed by then will not be


@dataclass(frozen=True, slots=True)
class Cleaned:
    """How many files were deleted: of data, and of the log."""

    data_files: int
    log_files: int


def clean(table: LakeTable, retention_hours: int, cited: Sequence[int], check: Callable[[], None]) -> Cleaned:
    """Delete all files, and the part of the log, that no version to be kept needs.

    Kept are the latest version, those within the retention and those cited; none from before a takedown. Files
    that were never committed go as well: only the holder of the claim may call this, and no other run has files
    that it could still commit. Of tables that are appended to without the claim, those of the last hour stay. `check`
    is called before every deletion and raises if the claim is lost.
    """
    storage, name = table.storage, table.schema.name
    try:
        history = read_history(storage, name)
        oldest = int((time.time() - retention_hours * 3600) * 1000)
        kept = history.kept(oldest, cited, table.snapshot().purged_before)
        needed = needed_files(storage, name, history, kept)
        root = storage.path("tables", name) + "/"
        found = [path.removeprefix(root) for path in storage.find_files(root)]
        surplus = [path for path in found if path not in needed and not path.startswith("_delta_log/")]
        if not table.schema.claimed:
            surplus = [path for path in surplus if path in history.spans or storage.age_s(root + path) > _WRITTEN_S]
        check()
        log = trim_log(storage, name, history, kept)
    except (DeltaError, OSError) as error:
        raise StorageError(f"cannot clean table {name} up: {explain(error)}") from error
    for paths in ([root + path for path in surplus], log):
        for start in range(0, len(paths), _TOGETHER):
            check()
            storage.delete_files(paths[start : start + _TOGETHER])
    return Cleaned(len(surplus), len(log))


@dataclass
class History:
    """What a table's log tells of its versions.

    `times` maps a version to the milliseconds of its commit; these versions follow each other up to the latest.
    `spans` says for every file from which version on, and up to which version (None: still), it was part of the table.
    Reading starts from the state at `base`.
    """

    log: Log
    base: int = -1
    times: dict[int, int] = field(default_factory=dict)
    spans: dict[str, list[tuple[int, int | None]]] = field(default_factory=dict)

    def kept(self, oldest_ms: int, cited: Iterable[int], purged_before: int) -> list[int]:
        """Versions to keep, in order: the latest, those that were it at `oldest_ms` or later, and those cited.

        Nothing before `purged_before` is kept.
        """
        recent = {version - 1 for version, time in self.times.items() if time > oldest_ms}
        known = (recent | set(cited)) & self.log.openable
        return sorted({self.log.latest} | {version for version in known if version >= purged_before})

    def files(self, versions: Sequence[int]) -> set[str]:
        """Files that at least one of the versions (from `base` on) needs."""
        return {
            path
            for path, spans in self.spans.items()
            if any(_holds(span, version) for span in spans for version in versions)
        }


def _holds(span: tuple[int, int | None], version: int) -> bool:
    added, removed = span
    return added <= version and (removed is None or version < removed)


def read_history(storage: Storage, table: str) -> History:
    """Read the log of a table that exists."""
    log = read_log(storage, table)
    history = History(log)
    if log.first > 0:
        history.base = min((version for version in log.checkpoints if version >= log.first - 1), default=log.first - 1)
        history.spans = {path: [(history.base, None)] for path in files_of(storage, table, history.base)}
    wanted = [version for version in sorted(log.commits) if version > history.base and version >= log.first]
    for start in range(0, len(wanted), _TOGETHER):
        part = wanted[start : start + _TOGETHER]
        for version, content in zip(part, storage.read_together([*map(log.commit_file, part)]), strict=True):
            _apply(history, version, content)
    return history


def _apply(history: History, version: int, content: bytes) -> None:
    history.times[version] = 0
    for action in actions(content):
        if "commitInfo" in action:
            history.times[version] = int(action["commitInfo"].get("timestamp", 0))
        elif "add" in action:
            spans = history.spans.setdefault(unquote(action["add"]["path"]), [])
            if not spans or spans[-1][1] is not None:
                spans.append((version, None))
        elif "remove" in action:
            spans = history.spans.get(unquote(action["remove"]["path"]), [])
            if spans and spans[-1][1] is None:
                spans[-1] = (spans[-1][0], version)


def files_of(storage: Storage, table: str, version: int) -> list[str]:
    """Paths of the files of one version, relative to the table."""
    return [
        unquote(path) for path in open_delta(storage, table, version).get_add_actions(flatten=True)["path"].to_pylist()
    ]


def needed_files(storage: Storage, table: str, history: History, kept: Sequence[int]) -> set[str]:
    """Files that the kept versions need."""
    needed = history.files([version for version in kept if version >= history.base])
    for version in kept:
        if version < history.base:
            needed.update(files_of(storage, table, version))
    return needed


def trim_log(storage: Storage, table: str, history: History, kept: Sequence[int]) -> list[str]:
    """Put checkpoints where reading begins, and list the log's files that are then needed no more.

    Reading begins at the first of the versions that lead up to the latest, at every older kept one, and at the latest.
    """
    log = history.log
    tail = log.latest
    while tail - 1 in kept:
        tail -= 1
    starts = [version for version in kept if version <= tail] if tail > 0 else []
    made = [version for version in starts if version not in log.checkpoints and version < log.latest]
    for version in made:
        open_delta(storage, table, version).create_checkpoint()
    if made or log.latest not in log.checkpoints:
        open_delta(storage, table, log.latest).create_checkpoint()  # last: it is the one that readers begin with
    commits = {*kept, *(version + 1 for version in kept)}  # the next one says how long a version was the latest
    dropped = [version for version in sorted(log.commits - commits) if version < tail]
    unread = sorted(log.checkpoints - {*starts, log.latest})
    return [*map(log.commit_file, dropped), *map(log.checkpoint_file, unread)]
