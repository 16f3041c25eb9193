"""Real articles for benchmarks: a fixed draw from the shared data, evenly over five nations."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import xxhash

REPOSITORY = Path(__file__).resolve().parents[2]
DATA = REPOSITORY.parent / "shared" / "data" / "articles"
NATIONS = ("cn", "us", "uk", "fr", "de")
FILES_A_NATION = 4


def draw_articles(folder: Path, count: int, data: Path = DATA) -> list[Path]:
    """Write `count` articles, drawn by a hash of their ids, to JSON Lines in `folder`; its files.

    Every nation gives its equal share, or what it has. Raises FileNotFoundError if the shared data is not there.
    """
    if not data.is_dir():
        raise FileNotFoundError(f"real articles are not at {data}: this benchmark needs the shared data")
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for nation in NATIONS:
        lines = sorted(_lines(data, nation), key=xxhash.xxh3_64_intdigest)
        drawn = lines[: -(-count // len(NATIONS))]
        for part in range(FILES_A_NATION):
            path = folder / f"{nation}-{part}.jsonl.gz"
            with path.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", filename="", mtime=0) as file:
                file.write(b"".join(drawn[part::FILES_A_NATION]))
            written.append(path)
    return written


def _lines(data: Path, nation: str) -> list[bytes]:
    """All records of a nation, as lines; official material is part of it."""
    lines = []
    for path in sorted(data.glob(f"{nation}*.jsonl.gz")):
        with gzip.open(path) as file:
            lines += [line.rstrip(b"\n") + b"\n" for line in file if json.loads(line)["nation"] == nation]
    return lines
