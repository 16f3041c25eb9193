"""Crawls of any size, made of real articles: multiplied, and changed so that most copies are articles of their own."""

from __future__ import annotations

import gzip
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from benchmarks.support.articles import DATA, NATIONS, REPOSITORY
from benchmarks.support.measure import PeakMemory

FILES = 32
FEW = 320  # articles
TOKEN = re.compile(r"[\u3400-\u9fff]|\w+")
# Of a copy's words so many are replaced by words of its nation; few of them: a near-duplicate.
_REPLACED, _REPLACED_IN_DUPLICATES, _DUPLICATES = 0.3, 0.01, 0.05


def write_crawl(folder: Path, count: int, *, first: int = 0) -> list[Path]:
    """Write `count` articles to JSON Lines in `folder`; `first` shifts what is drawn, so that crawls differ.

    The first pass over the real articles takes them as they are. All CPUs write, a file each at a time. Raises
    FileNotFoundError without the shared data.
    """
    if not DATA.is_dir():
        raise FileNotFoundError(f"real articles are not at {DATA}: this benchmark needs the shared data")
    folder.mkdir(parents=True, exist_ok=True)
    records = [record for nation in NATIONS for record in real_records(nation)]
    random.Random(0).shuffle(records)
    words = {nation: _words(records, nation) for nation in NATIONS}
    paths = [folder / f"part-{number:03d}.jsonl.gz" for number in range(FILES)]
    files = [(path, range(first + part, first + count, FILES)) for part, path in enumerate(paths)]
    workers = os.cpu_count() or 1
    with ProcessPoolExecutor(workers) as pool:
        list(pool.map(partial(_write_files, records, words), [files[worker::workers] for worker in range(workers)]))
    return paths


def _write_files(
    records: list[dict[str, Any]], words: dict[str, list[str]], files: Sequence[tuple[Path, range]]
) -> None:
    for path, numbers in files:
        with gzip.open(path, "wt", compresslevel=1, encoding="utf-8") as file:
            for number in numbers:
                file.write(json.dumps(_copy(records, number, words), ensure_ascii=False) + "\n")


def real_records(nation: str) -> Iterator[dict[str, Any]]:
    for path in sorted(DATA.glob(f"{nation}*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for line in file:
                record = json.loads(line)
                if record["nation"] == nation and record["text"]:
                    yield record


def _words(records: list[dict[str, Any]], nation: str) -> list[str]:
    texts = [record["text"] for record in records if record["nation"] == nation][:500]
    return [word for text in texts for word in TOKEN.findall(text)]


def _copy(records: list[dict[str, Any]], number: int, words: dict[str, list[str]]) -> dict[str, Any]:
    copy, place = divmod(number, len(records))
    record = records[place]
    if not copy:
        return record
    chance = random.Random(number)
    share = _REPLACED_IN_DUPLICATES if chance.random() < _DUPLICATES else _REPLACED
    choice = words[record["nation"]]
    draw = chance.random
    size = len(choice)
    text = TOKEN.sub(lambda found: choice[int(draw() * size)] if draw() < share else found[0], record["text"])
    return record | {"id": f"{record['id']}-{copy}", "text": text}


@dataclass(frozen=True)
class Measured:
    """What one `navab run` took: seconds in all, seconds of every step, and the largest memory (PSS, bytes)."""

    seconds: float
    steps: dict[str, float]
    peak: int


def measure_run(configuration: Path, until: str) -> Measured:
    """Run `navab run --until STAGE` and measure it; ends the program if it fails.

    It begins when all that was written before is on the disk.
    """
    os.sync()
    started = time.monotonic()
    command = [sys.executable, "-m", "navab", "run", "--config", str(configuration), "--until", until]
    process = subprocess.Popen(command, cwd=REPOSITORY, stdout=sys.stderr)
    with PeakMemory(process.pid, interval_s=2.0) as memory:
        if process.wait() != 0:
            sys.exit(f"navab run --until {until} failed")
    seconds = time.monotonic() - started
    lake = Path(yaml.safe_load(configuration.read_text("utf-8"))["lake"])
    record = json.loads(max((lake / "runs").glob("*.json")).read_text("utf-8"))
    return Measured(seconds, {step["step"]: step["seconds"] for step in record["steps"]}, memory.peak)


def run_over_few(until: str) -> None:
    """Run navab over a few articles: what it loads is in memory then, which a system may drop within minutes."""
    with tempfile.TemporaryDirectory(prefix="navab-few-") as name:
        folder = Path(name)
        write_crawl(folder / "few", FEW)
        measure_run(write_configuration(folder, {"few": folder / "few"}), until)


def write_configuration(folder: Path, crawls: dict[str, Path], **changes: object) -> Path:
    """A configuration whose lake lies in `folder`, with one source a crawl."""
    sources = [{"path": f"{path}/*.jsonl.gz", "crawl": crawl} for crawl, path in crawls.items()]
    document = {"lake": str(folder / "lake"), "sources": sources, "resources": {"num_cpus": 2}} | changes
    path = folder / "navab.yaml"
    path.write_text(yaml.safe_dump(document), "utf-8")
    return path
