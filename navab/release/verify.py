"""Verification: is a release still, byte for byte, what its manifest says?"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa
from fsspec import AbstractFileSystem

from navab.release.manifest import Manifest, read_manifest
from navab.release.shards import Shard
from navab.release.storage import join, relative_files, reported

RETAINED_SUBSETS = ("default", "foreign")


@dataclass(frozen=True, slots=True)
class Verification:
    """What was checked, and one line for everything that is wrong."""

    shards: int
    rows: int
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def verify(fs: AbstractFileSystem, root: str, contradictions: Iterable[tuple[int, int]] | None = None) -> Verification:
    """Recompute every hash and row count of a release.

    `contradictions` are pairs of statement ids that contradict each other: no pair may be retained whole.
    """
    manifest = read_manifest(fs, root)
    if manifest.withdrawn is not None:
        successor = manifest.withdrawn.replaced_by or "none"
        return Verification(0, 0, (f"withdrawn on {manifest.withdrawn.at:%Y-%m-%d}; successor: {successor}",))
    problems: list[str] = []
    retained: set[int] = set()
    with reported(root):
        for shard in manifest.shards:
            problems += _check_shard(fs, root, shard, retained)
        problems += _check_files(fs, root, manifest)
    problems += contradicting(retained, contradictions or ())
    return Verification(len(manifest.shards), sum(shard.rows for shard in manifest.shards), tuple(problems))


def contradicting(retained: set[int], contradictions: Iterable[tuple[int, int]]) -> list[str]:
    """Name every contradicting pair of which both statements are retained."""
    return [
        f"statements {left} and {right} contradict each other and are both retained"
        for left, right in contradictions
        if left in retained and right in retained
    ]


def _check_shard(fs: AbstractFileSystem, root: str, shard: Shard, retained: set[int]) -> list[str]:
    """Check one shard; adds its statements to `retained` if its subset is a retained one."""
    try:
        payload = fs.cat_file(join(root, shard.path))
    except FileNotFoundError:
        return [f"{shard.path}: missing"]
    if hashlib.sha256(payload).hexdigest() != shard.sha256:
        return [f"{shard.path}: its sha256 is not the manifest's"]
    try:
        table = pa.ipc.open_file(pa.BufferReader(payload)).read_all()
    except pa.ArrowInvalid as error:
        return [f"{shard.path}: not an Arrow file: {error}"]
    if shard.subset in RETAINED_SUBSETS:
        retained.update(table["statement_id"].to_pylist())
    if table.num_rows != shard.rows:
        return [f"{shard.path}: {table.num_rows} rows, the manifest says {shard.rows}"]
    return []


def _check_files(fs: AbstractFileSystem, root: str, manifest: Manifest) -> list[str]:
    """Check the other files, and that no shard lies there that the manifest doesn't know."""
    problems = []
    for file in manifest.files:
        try:
            payload = fs.cat_file(join(root, file.path))
        except FileNotFoundError:
            problems.append(f"{file.path}: missing")
            continue
        if hashlib.sha256(payload).hexdigest() != file.sha256:
            problems.append(f"{file.path}: its sha256 is not the manifest's")
    known = {shard.path for shard in manifest.shards}
    found = [path for path in relative_files(fs, root) if path.startswith("data/")]
    return problems + [f"{path}: not in the manifest" for path in found if path not in known]
