"""Many articles through articles and duplicates: rate, growth and memory; then a second crawl of a tenth new ones.

python benchmarks/one_million.py [--articles 1000000]        an hour; needs ../shared/data and 12 GB of disk

Each run that is timed follows one over a few articles. The second crawl has a tenth as many new articles as the first
had articles, in files of their own; the files of the first are there still.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

from benchmarks.support.crawls import Measured, measure_run, run_over_few, write_configuration, write_crawl
from benchmarks.support.measure import line

LIMIT_RATE, LIMIT_GROWTH, LIMIT_GIB, LIMIT_SECOND = 0.85, 1.15, 8.0, 0.15


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=1_000_000)
    parser.add_argument("--against", type=int, help="size that rate and growth are compared with; a tenth if absent")
    options = parser.parse_args()
    count, small = options.articles, options.against or options.articles // 10
    folder = Path(tempfile.mkdtemp(prefix="navab-million-"))
    try:
        few = _measure(folder / "small", small)
        many = _measure(folder / "large", count)
        write_crawl(folder / "large" / "second", count // 10, first=count)
        crawls = {name: folder / "large" / name for name in ("first", "second")}
        run_over_few("duplicates")
        second = measure_run(write_configuration(folder / "large", crawls), "duplicates")
    finally:
        shutil.rmtree(folder)
    for name, size, measured in (("small", small, few), ("large", count, many), ("second crawl", count // 10, second)):
        steps = ", ".join(f"{step} {seconds:.1f} s" for step, seconds in measured.steps.items())
        print(f"{name:<12} {size:>9,} articles: {measured.seconds:.1f} s ({steps}), {measured.peak / 2**30:.2f} GiB")
    rate = (count / many.steps["articles"]) / (small / few.steps["articles"])
    line("articles a second against the small run", rate, LIMIT_RATE, least=True)
    growth = (count / small) ** LIMIT_GROWTH
    line("duplicates, times the small run's seconds", _duplicates(many) / _duplicates(few), growth)
    line("peak memory, GiB", many.peak / 2**30, LIMIT_GIB)
    line("second crawl against the first run", second.seconds / many.seconds, LIMIT_SECOND)


def _measure(folder: Path, count: int) -> Measured:
    write_crawl(folder / "first", count)
    run_over_few("duplicates")
    return measure_run(write_configuration(folder, {"first": folder / "first"}), "duplicates")


def _duplicates(measured: Measured) -> float:
    return measured.steps["signatures"] + measured.steps["duplicates"]


if __name__ == "__main__":
    main()
