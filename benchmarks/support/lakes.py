"""A lake as a benchmark looks at it from outside: its objects, its claim, its tables, its release."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import fsspec
import polars as pl
import pyarrow.parquet as pq
from deltalake import DeltaTable

from navab.lake.schema import load_schema

_TIMES = ("read_at",)  # columns that say when something happened rather than what
_COMMIT = re.compile(r"/tables/[^/]+/_delta_log/\d{20}\.json$")
_DATA = re.compile(r"/tables/(?P<table>[^/]+)/(?P<path>[^_/][^/]*/[^/]+\.parquet)$")


@dataclass(frozen=True, slots=True)
class DataObject:
    """A Parquet file below a table's folder, committed or not."""

    table: str
    path: str
    modified: datetime
    size: int


@dataclass(frozen=True)
class Lake:
    """A lake at an address, and the file system and options that reach it."""

    uri: str
    filesystem: fsspec.AbstractFileSystem
    delta_options: dict[str, str]

    @property
    def root(self) -> str:
        return str(self.filesystem._strip_protocol(self.uri))

    def commits(self) -> int:
        """Commits of all tables together."""
        return sum(bool(_COMMIT.search(path)) for path in self._find("tables"))

    def data(self) -> dict[tuple[str, str], DataObject]:
        """All data files that were written, by table and path within it."""
        found = {}
        for path, entry in self._find("tables").items():
            match = _DATA.search(path)
            if match:
                modified = entry.get("LastModified") or datetime.fromtimestamp(entry["mtime"]).astimezone()
                one = DataObject(match["table"], match["path"], modified, entry["size"])
                found[one.table, one.path] = one
        return found

    def made(self) -> dict[tuple[str, str], DataObject]:
        """The data files that units of work wrote; the others are merged ones, made of these."""
        return {key: one for key, one in self.data().items() if "/merged-" not in one.path}

    def rows_of(self, one: DataObject) -> int:
        """Rows of a data file, from its footer."""
        with self.filesystem.open(f"{self.root}/tables/{one.table}/{one.path}") as file:
            return int(pq.read_metadata(file).num_rows)

    def committed(self) -> set[tuple[str, str]]:
        """Table and path of every data file that any version of its table has held."""
        held = set()
        for path in self._find("tables"):
            if _COMMIT.search(path):
                table = path.split("/")[-3]
                for line in self.filesystem.cat_file(path).splitlines():
                    action = json.loads(line)
                    if "add" in action:
                        held.add((table, action["add"]["path"]))
        return held

    def claim(self) -> dict[str, Any] | None:
        """What the claim says that counts, or None before the first one."""
        files = sorted(path for path in self._find("claims") if re.search(r"/\d{12}\.json$", path))
        if not files:
            return None
        try:
            record: dict[str, Any] = json.loads(self.filesystem.cat_file(files[-1]))
        except (FileNotFoundError, json.JSONDecodeError):
            return None  # being replaced
        return record

    def run_record(self) -> dict[str, Any]:
        """What the last run says of itself."""
        record: dict[str, Any] = json.loads(self.filesystem.cat_file(max(self._find("runs"))))
        return record

    def tables(self) -> dict[str, pl.DataFrame]:
        """Every table, sorted, without times."""
        found = {}
        for name in sorted({path.split("/tables/")[1].split("/")[0] for path in self._find("tables")}):
            frame = pl.DataFrame(self._open(name).to_pyarrow_table())
            plain = frame.drop(column for column in _TIMES if column in frame.columns)
            keys = [column for column in plain.columns if not isinstance(plain.schema[column], pl.List)]
            found[name] = plain.sort(keys, nulls_last=True)
        return found

    def missing_files(self) -> list[str]:
        """Files that a table's current version names and that are not there, or have another size."""
        present = {key: one.size for key, one in self.data().items()}
        missing = []
        for name in sorted({table for table, _ in present}):
            actions = pl.DataFrame(self._open(name).get_add_actions(flatten=True))
            for path, size in actions.select("path", "size_bytes").iter_rows():
                if present.get((name, path)) != size:
                    missing.append(f"{name}/{path}")
        return missing

    def release(self, name: str) -> str:
        """The fingerprint of a release's content, once every shard has the hash that its manifest states."""
        root = f"{self.root}/releases/{name}"
        manifest = json.loads(self.filesystem.cat_file(f"{root}/manifest.json"))
        for shard in manifest["shards"]:
            if hashlib.sha256(self.filesystem.cat_file(f"{root}/{shard['path']}")).hexdigest() != shard["sha256"]:
                return f"damaged shard {shard['path']}"
        return str(manifest["fingerprint"])

    def releases(self) -> list[str]:
        """Names of the releases that have a manifest."""
        return sorted(
            path.split("/releases/")[1].removesuffix("/manifest.json")
            for path in self._find("releases")
            if path.endswith("/manifest.json")
        )

    def _open(self, table: str) -> DeltaTable:
        address = f"{self.uri}/tables/{table}"
        return DeltaTable(address, storage_options=self.delta_options or None)

    def _find(self, folder: str) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = self.filesystem.find(f"{self.root}/{folder}", detail=True)
        return found


@dataclass(frozen=True, slots=True)
class Comparison:
    """How the tables of a lake differ from those of the reference."""

    lost: int
    doubled: int
    differing: tuple[str, ...]

    @property
    def equal(self) -> bool:
        return not (self.lost or self.doubled or self.differing)


def compare(reference: dict[str, pl.DataFrame], tables: dict[str, pl.DataFrame]) -> Comparison:
    """Compare by key (rows lost and doubled) and by value."""
    lost = doubled = 0
    differing = [f"only one lake has {name}" for name in sorted(reference.keys() ^ tables.keys())]
    for name in sorted(reference.keys() & tables.keys()):
        key = [*load_schema(name).key, "fingerprint"]
        expected, found = reference[name], tables[name]
        lost += expected.join(found, on=key, how="anti", nulls_equal=True).height
        doubled += found.height - found.unique(key).height
        if not expected.equals(found, null_equal=True):
            differing.append(name)
    return Comparison(lost, doubled, tuple(differing))
