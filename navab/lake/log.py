"""The log of a Delta table, told from the names of its files: which versions can be opened, and when they were made."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from navab.lake.storage import Storage

_COMMIT = re.compile(r"/(\d{20})\.json$")
_CHECKPOINT = re.compile(r"/(\d{20})\.checkpoint\.parquet$")


@dataclass(frozen=True)
class Log:
    """The log of a table: `commits` are versions whose commit file lies there, `checkpoints` those that have one.

    A version can be opened by way of the latest checkpoint at or before it and all commits since. What maintenance, or
    Delta itself, has cleaned up leaves gaps, with versions beyond them that are kept by checkpoints of their own.
    """

    folder: str
    commits: frozenset[int]
    checkpoints: frozenset[int]

    @cached_property
    def latest(self) -> int:
        """The latest version, -1 if there is none."""
        return max(self.commits | self.checkpoints, default=-1)

    @cached_property
    def first(self) -> int:
        """The first of the commits that follow each other up to the latest version."""
        first = self.latest + 1
        while first - 1 in self.commits:
            first -= 1
        return first

    @cached_property
    def openable(self) -> frozenset[int]:
        """All versions that can be opened."""
        found: set[int] = set()
        for version in sorted(self.commits | self.checkpoints):
            if version in self.checkpoints or version == 0 or (version in self.commits and version - 1 in found):
                found.add(version)
        return frozenset(found)

    def commit_file(self, version: int) -> str:
        return f"{self.folder}/{version:020d}.json"

    def checkpoint_file(self, version: int) -> str:
        return f"{self.folder}/{version:020d}.checkpoint.parquet"


def read_log(storage: Storage, table: str) -> Log:
    """List the log of a table; an empty one if there is no table."""
    folder = storage.path("tables", table, "_delta_log")
    names = [f"/{path.rsplit('/', 1)[1]}" for path in storage.list_files(folder)]
    commits, checkpoints = (
        frozenset(int(found[1]) for found in map(pattern.search, names) if found) for pattern in (_COMMIT, _CHECKPOINT)
    )
    return Log(folder, commits, checkpoints)


def actions(content: bytes) -> Iterator[dict[str, Any]]:
    """The actions of a commit file."""
    return (json.loads(line) for line in content.splitlines() if line.strip())


def committed_at_ms(content: bytes) -> int:
    """Milliseconds of a commit by the clock of the run that made it, 0 if its file does not say."""
    return next((int(one["commitInfo"].get("timestamp", 0)) for one in actions(content) if "commitInfo" in one), 0)
