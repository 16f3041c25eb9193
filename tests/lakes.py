"""Lakes in tests: build one with the real command, read its tables, compare two."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import yaml
from deltalake import DeltaTable

REPOSITORY = Path(__file__).resolve().parents[1]
SAMPLE = REPOSITORY / "examples" / "sample"

# Columns that say when something happened rather than what.
_TIMES = ("read_at",)


def sample_configuration(folder: Path, crawls: Sequence[str] = ("crawl-1", "crawl-2"), **changes: object) -> Path:
    """Write the sample's configuration for a lake in `folder`; its path."""
    document = yaml.safe_load((REPOSITORY / "examples" / "sample.yaml").read_text("utf-8"))
    sources = [source for source in document["sources"] if source["crawl"] in crawls]
    for source in sources:
        source["path"] = str(REPOSITORY / source["path"])
    document |= {"lake": str(folder / "lake"), "sources": sources} | changes
    path = folder / "navab.yaml"
    path.write_text(yaml.safe_dump(document, allow_unicode=True), "utf-8")
    return path


def navab(*arguments: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run the command; with `check` it must succeed."""
    done = subprocess.run(_command(arguments), capture_output=True, text=True, cwd=REPOSITORY, check=False)
    if check and done.returncode != 0:
        raise AssertionError(f"navab {arguments} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return done


def start_navab(*arguments: str | Path) -> subprocess.Popen[str]:
    """Start the command and leave it running."""
    return subprocess.Popen(
        _command(arguments), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True, cwd=REPOSITORY
    )


def wait_for_stage(lake: Path, stage: str, process: subprocess.Popen[str], timeout_s: float = 120) -> bool:
    """Wait until the run that holds the lake is in a stage; False if it ended before."""
    deadline = time.monotonic() + timeout_s
    while process.poll() is None and time.monotonic() < deadline:
        claims = sorted((lake / "claims").glob("[0-9]*.json")) if (lake / "claims").exists() else []
        if claims:
            record = json.loads(claims[-1].read_text("utf-8"))
            if record["stage"] == stage and record["pid"] == process.pid:
                return True
        time.sleep(0.01)
    return False


def kill(process: subprocess.Popen[str]) -> None:
    """kill -9."""
    os.kill(process.pid, signal.SIGKILL)
    process.wait()


def tables(lake: Path) -> dict[str, pl.DataFrame]:
    """Every table of a lake as Polars reads it, in the order of its keys, without times."""
    found = {}
    for folder in sorted((lake / "tables").iterdir()):
        frame = pl.read_delta(str(folder))
        plain = frame.drop(name for name in _TIMES if name in frame.columns)
        keys = [name for name in plain.columns if not isinstance(plain.schema[name], pl.List)]
        found[folder.name] = plain.sort(keys, nulls_last=True)
    return found


def versions(lake: Path) -> dict[str, int]:
    """Version of every table of a lake."""
    return {folder.name: DeltaTable(str(folder)).version() for folder in sorted((lake / "tables").iterdir())}


def differences(left: dict[str, pl.DataFrame], right: dict[str, pl.DataFrame]) -> list[str]:
    """What differs between the tables of two lakes."""
    found = [f"only one lake has {name}" for name in sorted(left.keys() ^ right.keys())]
    for name in sorted(left.keys() & right.keys()):
        if left[name].height != right[name].height:
            found.append(f"{name}: {left[name].height} rows against {right[name].height}")
        elif not left[name].equals(right[name], null_equal=True):
            columns = [c for c in left[name].columns if not left[name][c].equals(right[name][c], null_equal=True)]
            found.append(f"{name}: other values in {columns}")
    return found


def _command(arguments: Sequence[str | Path]) -> list[str]:
    return [sys.executable, "-m", "navab", *(str(argument) for argument in arguments)]
