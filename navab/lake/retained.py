"""What maintenance keeps of a Delta table: the versions that can be read back, and the files that they need.

Read from the table's log, without opening every version. Delta's own `vacuum` commits two versions of its own outside
the claim's fence, passes over temporary files, and knows no version before which nothing may stay.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote

from navab.lake.delta import open_delta
from navab.lake.storage import Storage

_LOG = "_delta_log"
_COMMIT = re.compile(r"/(\d{20})\.json$")
_CHECKPOINT = re.compile(r"/(\d{20})\.checkpoint\.parquet$")
_TOGETHER = 500  # commit files read at once


@dataclass
class Log:
    """What a table's log knows.

    `commits` maps a version to the milliseconds of its commit; these versions follow each other up to the latest.
    `spans` says for every file from which version on, and up to which version (None: still), it was part of the table.
    `logged` are the versions whose commit file lies there; those in `checkpoints` can be read without earlier ones.
    Reading starts from the state at `base`.
    """

    commits: dict[int, int] = field(default_factory=dict)
    spans: dict[str, list[tuple[int, int | None]]] = field(default_factory=dict)
    logged: frozenset[int] = frozenset()
    checkpoints: frozenset[int] = frozenset()
    base: int = -1

    @property
    def latest(self) -> int:
        return max([self.base, *self.commits])

    def kept(self, oldest_ms: int, cited: Iterable[int], purged_before: int) -> list[int]:
        """Versions to keep, in order: the latest, those that were it at `oldest_ms` or later, and those cited.

        Nothing before `purged_before` is kept.
        """
        latest = self.latest
        recent = {version - 1 for version, time in self.commits.items() if time > oldest_ms}
        readable = {version for version in cited if self.base <= version <= latest or version in self.checkpoints}
        known = {version for version in recent | readable if version >= 0}
        return sorted({latest} | {version for version in known if version >= purged_before})

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


def read_history(storage: Storage, table: str) -> Log:
    """Read the log of a table that exists."""
    folder = storage.path("tables", table, _LOG)
    names = [f"/{path.rsplit('/', 1)[1]}" for path in storage.list_files(folder)]
    logged = frozenset(int(found[1]) for found in map(_COMMIT.search, names) if found)
    checkpoints = frozenset(int(found[1]) for found in map(_CHECKPOINT.search, names) if found)
    first = max(logged, default=0)
    while first - 1 in logged:
        first -= 1
    history = Log(logged=logged, checkpoints=checkpoints)
    if first > 0:
        history.base = min((version for version in checkpoints if version >= first - 1), default=first - 1)
        history.spans = {path: [(history.base, None)] for path in files_of(storage, table, history.base)}
    wanted = [version for version in sorted(logged) if version > history.base and version >= first]
    for start in range(0, len(wanted), _TOGETHER):
        part = wanted[start : start + _TOGETHER]
        contents = storage.read_together([f"{folder}/{version:020d}.json" for version in part])
        for version, content in zip(part, contents, strict=True):
            _apply(history, version, content)
    return history


def _apply(history: Log, version: int, content: bytes) -> None:
    history.commits[version] = 0
    for line in content.splitlines():
        action = json.loads(line) if line.strip() else {}
        if "commitInfo" in action:
            history.commits[version] = int(action["commitInfo"].get("timestamp", 0))
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


def needed_files(storage: Storage, table: str, history: Log, kept: Sequence[int]) -> set[str]:
    """Files that the kept versions need."""
    needed = history.files([version for version in kept if version >= history.base])
    for version in kept:
        if version < history.base:
            needed.update(files_of(storage, table, version))
    return needed


def trim_log(storage: Storage, table: str, history: Log, kept: Sequence[int]) -> list[str]:
    """Put checkpoints where reading begins, and list the log's files that are then needed no more.

    Reading begins at the first of the versions that lead up to the latest, at every older kept one, and at the latest.
    """
    tail = history.latest
    while tail - 1 in kept:
        tail -= 1
    starts = [version for version in kept if version <= tail] if tail > 0 else []
    made = [version for version in starts if version not in history.checkpoints and version < history.latest]
    for version in made:
        open_delta(storage, table, version).create_checkpoint()
    if made or history.latest not in history.checkpoints:
        open_delta(storage, table, history.latest).create_checkpoint()  # last: it is the one that readers begin with
    folder = storage.path("tables", table, _LOG)
    commits = {*kept, *(version + 1 for version in kept)}  # the next one says how long a version was the latest
    dropped = [f"{version:020d}.json" for version in sorted(history.logged - commits) if version < tail]
    unread = sorted(history.checkpoints - {*starts, history.latest})
    return [f"{folder}/{name}" for name in (*dropped, *(f"{version:020d}.checkpoint.parquet" for version in unread))]
