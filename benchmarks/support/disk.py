"""A full disk: a small tmpfs that a filler leaves too little room on, and the same command after the filler is gone."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import fsspec
import yaml

from benchmarks.support.articles import draw_articles
from benchmarks.support.lakes import Lake, compare
from benchmarks.support.runs import Run
from benchmarks.support.stand import RELEASE, WORKERS

_SHARES = (0.1, 0.4, 0.8)  # of the room that the whole lake takes
_LIMIT_S = 3600.0


@dataclass(frozen=True, slots=True)
class FullDisk:
    """What a run on a full disk said, and what the same command made of it afterwards."""

    share: float
    code: int | None
    lines: tuple[str, ...]  # error lines
    code_after: int | None
    equal: bool

    @property
    def passed(self) -> bool:
        return self.code == 4 and len(self.lines) == 1 and self.code_after == 0 and self.equal


def fill_disks(folder: Path, articles: int) -> list[FullDisk]:
    """Run into a full disk at several points of a build; needs root, for mounting.

    Raises PermissionError without it.
    """
    if os.geteuid() != 0:
        raise PermissionError("a file system can be mounted by root only")
    sources = draw_articles(folder / "articles", articles)[0].parent
    reference = _lake(folder / "reference")
    shutil.rmtree(reference.root, ignore_errors=True)
    if (code := _run(folder, reference, sources).wait(_LIMIT_S)) != 0:
        raise RuntimeError(f"the undisturbed run ended with {code}: see {folder / 'reference.log'}")
    size = sum(path.stat().st_size for path in Path(reference.root).rglob("*") if path.is_file())
    rounds = []
    for share in _SHARES:
        with _small_disk(folder / "small", 3 * size) as disk:
            filler = disk / "filler"
            filler.write_bytes(bytes(round(3 * size - share * size)))
            lake = _lake(disk / "lake")
            first = _run(folder, lake, sources)
            code = first.wait(_LIMIT_S)
            lines = tuple(line for line in first.log.read_text("utf-8").splitlines() if _is_error(line))
            filler.unlink()
            code_after = _run(folder, lake, sources).wait(_LIMIT_S)
            equal = (
                code_after == 0
                and compare(reference.tables(), lake.tables()).equal
                and lake.release(RELEASE) == reference.release(RELEASE)
            )
            rounds.append(FullDisk(share, code, lines, code_after, equal))
    return rounds


def report(rounds: list[FullDisk]) -> str:
    """The rounds as a Markdown table."""
    lines = [
        "| room for | exit | error lines | the line | exit after | tables | verdict |",
        "|---|---|---:|---|---|---|---|",
    ]
    lines += [
        f"| {100 * one.share:.0f} % of the lake | {one.code} | {len(one.lines)} | `{''.join(one.lines[:1])}` "
        f"| {one.code_after} | {'equal' if one.equal else 'DIFFER'} | {'holds' if one.passed else 'FAILS'} |"
        for one in rounds
    ]
    return "\n".join(lines)


def _is_error(line: str) -> bool:
    return line.startswith(("navab:", "Traceback")) or "Error" in line


def _lake(folder: Path) -> Lake:
    return Lake(str(folder), fsspec.filesystem("file"), {})


def _run(folder: Path, lake: Lake, sources: Path) -> Run:
    name = Path(lake.uri).parent.name if Path(lake.uri).name == "lake" else Path(lake.uri).name
    document = {
        "lake": lake.uri,
        "sources": [{"path": f"{sources}/*.jsonl.gz", "crawl": "real"}],
        "release": {"name": RELEASE},
        "resources": {"num_cpus": WORKERS},
    }
    configuration, log = folder / f"{name}.yaml", folder / f"{name}.log"
    configuration.write_text(yaml.safe_dump(document), "utf-8")
    log.unlink(missing_ok=True)
    return Run(configuration, log, {})


@contextlib.contextmanager
def _small_disk(folder: Path, size: int) -> Iterator[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)
