"""The main job on real articles: time, memory and what comes out, beside the limits of issue 2.

python benchmarks/real_data.py            about 10 minutes; needs ../shared/data
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import polars as pl
import psutil

from navab import load_release

REPOSITORY = Path(__file__).resolve().parents[1]
DATA = REPOSITORY.parent / "shared" / "data" / "articles"
CONFIGURATION = REPOSITORY / "examples" / "real_data.yaml"
LAKE = REPOSITORY / "build" / "real" / "lake"
LIMIT_S, LIMIT_GIB, LEAST_TRIPLES, LEAST_OF_A_NATION = 20 * 60, 6.0, 6_000, 700
LIMIT_AGAIN_S = 20


class PeakMemory(threading.Thread):
    """Samples the proportional set size of a process and all its descendants."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._root = psutil.Process(pid)
        self._stop_event = threading.Event()
        self.peak = 0

    def run(self) -> None:
        while not self._stop_event.wait(1.0):
            self.peak = max(self.peak, self._now())

    def stop(self) -> None:
        self._stop_event.set()
        self.join()

    def _now(self) -> int:
        total = 0
        try:
            family = [self._root, *self._root.children(recursive=True)]
        except psutil.NoSuchProcess:
            return 0
        for process in family:
            try:
                total += process.memory_full_info().pss
            except psutil.NoSuchProcess:
                continue
        return total


def main() -> None:
    if not DATA.is_dir():
        sys.exit(f"real articles are not at {DATA}: this benchmark needs the shared data")
    shutil.rmtree(LAKE, ignore_errors=True)
    seconds, peak = _run()
    again, _ = _run()
    triples = load_release(str(LAKE / "releases" / "real"))
    nations = dict(triples.group_by("nation").len().sort("nation").iter_rows())
    live = _live()
    _line("first run, seconds", seconds, LIMIT_S)
    _line("peak PSS, GiB", peak / 2**30, LIMIT_GIB)
    _line("same command again, seconds", again, LIMIT_AGAIN_S)
    _line("live triples", sum(live.values()), LEAST_TRIPLES, least=True)
    for nation, count in sorted(live.items()):
        _line(f"live triples, {nation}", count, LEAST_OF_A_NATION, least=True)
    print(f"of these in the subset default (speaker not foreign): {nations}")


def _live() -> dict[str, int]:
    parts = [load_release(str(LAKE / "releases" / "real"), subset=name) for name in ("default", "foreign")]
    return dict(pl.concat(parts).group_by("nation").len().iter_rows())


def _run() -> tuple[float, int]:
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "navab", "run", "--config", str(CONFIGURATION)], cwd=REPOSITORY, stdout=sys.stderr
    )
    memory = PeakMemory(process.pid)
    memory.start()
    if process.wait() != 0:
        sys.exit("the run failed")
    memory.stop()
    return time.monotonic() - started, memory.peak


def _line(name: str, value: float, limit: float, least: bool = False) -> None:
    verdict = "holds" if (value >= limit if least else value <= limit) else "FAILS"
    bound = "at least" if least else "at most"
    print(f"{name:<32} {value:>12,.1f}  {bound} {limit:>8,}  ratio {value / limit:5.2f}  {verdict}")


if __name__ == "__main__":
    main()
