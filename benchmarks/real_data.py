"""The main job on real articles: time, memory and what comes out, beside the limits of issue 2.

python benchmarks/real_data.py            about 10 minutes; needs ../shared/data
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

import polars as pl

from benchmarks.support.measure import PeakMemory, line
from navab import load_release

REPOSITORY = Path(__file__).resolve().parents[1]
DATA = REPOSITORY.parent / "shared" / "data" / "articles"
CONFIGURATION = REPOSITORY / "examples" / "real_data.yaml"
LAKE = REPOSITORY / "build" / "real" / "lake"
LIMIT_S, LIMIT_GIB, LEAST_TRIPLES, LEAST_OF_A_NATION = 20 * 60, 6.0, 6_000, 700
LIMIT_AGAIN_S = 20


def main() -> None:
    if not DATA.is_dir():
        sys.exit(f"real articles are not at {DATA}: this benchmark needs the shared data")
    shutil.rmtree(LAKE, ignore_errors=True)
    seconds, peak = _run()
    again, _ = _run()
    triples = load_release(str(LAKE / "releases" / "real"))
    nations = dict(triples.group_by("nation").len().sort("nation").iter_rows())
    live = _live()
    line("first run, seconds", seconds, LIMIT_S)
    line("peak PSS, GiB", peak / 2**30, LIMIT_GIB)
    line("same command again, seconds", again, LIMIT_AGAIN_S)
    line("live triples", sum(live.values()), LEAST_TRIPLES, least=True)
    for nation, count in sorted(live.items()):
        line(f"live triples, {nation}", count, LEAST_OF_A_NATION, least=True)
    print(f"of these in the subset default (speaker not foreign): {nations}")


def _live() -> dict[str, int]:
    parts = [load_release(str(LAKE / "releases" / "real"), subset=name) for name in ("default", "foreign")]
    return dict(pl.concat(parts).group_by("nation").len().iter_rows())


def _run() -> tuple[float, int]:
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "navab", "run", "--config", str(CONFIGURATION)], cwd=REPOSITORY, stdout=sys.stderr
    )
    with PeakMemory(process.pid) as memory:
        if process.wait() != 0:
            sys.exit("the run failed")
    return time.monotonic() - started, memory.peak


if __name__ == "__main__":
    main()
