"""Pending work among 100 million keys: time and memory of the driver, and what it reads for one new file.

PYTHONPATH=. python benchmarks/pending_keys.py [MILLIONS]     100 by default; needs 8 GB of disk and some minutes

A lake is made whose `articles` have N rows (2 % of them rejected) and whose `signatures` have nine tenths of them; the
stage's own code then finds what is pending, in a process of its own. After that the rest is added and one more file of
articles comes in: every file that is opened for its keys and for its texts is counted.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.fs
import pyarrow.parquet as pq
from fsspec.implementations.local import LocalFileSystem

from benchmarks.support.measure import PeakMemory, line
from navab.configuration import Configuration
from navab.lake.hashing import Int64Array, combine, signature
from navab.lake.lake import Lake
from navab.lake.schema import load_schema
from navab.lake.storage import ROW_GROUP_ROWS
from navab.lake.table import DataFile
from navab.pipeline import open_lake, open_view
from navab.stages.duplicates import SIGNATURE_VERSION, plan_signatures
from navab.view import View

LAKE = Path("build/pending-keys/lake")
NATIONS = ("cn", "de", "fr", "uk", "us")
FILE_ROWS = 250_000
REJECTED = 50  # every fiftieth article
LIMIT_S, LIMIT_GB = 120, 10


def main() -> None:
    millions = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    shutil.rmtree(LAKE, ignore_errors=True)
    try:
        started = time.monotonic()
        files = millions * 1_000_000 // FILE_ROWS
        make_lake(files)
        print(f"made a lake of {files} files of articles in {time.monotonic() - started:.0f} s", file=sys.stderr)
        done = subprocess.run([sys.executable, __file__, "--measure", str(files)], check=False)
        sys.exit(done.returncode)
    finally:
        shutil.rmtree(LAKE, ignore_errors=True)


def configure() -> Configuration:
    return Configuration.model_validate({"lake": str(LAKE), "nations": NATIONS})


def make_lake(count: int) -> None:
    lake = open_lake(configure())
    with ThreadPoolExecutor(4) as pool:
        articles = list(pool.map(lambda number: write_articles(lake, number), range(count)))
        signatures = list(pool.map(lambda number: write_signatures(lake, number), range(count)))
    with lake.claim("benchmark") as claim:
        lake.commit("files", [write_sources(lake, range(count))], claim)
        lake.commit("articles", articles, claim)
        lake.commit("signatures", signatures[: count * 9 // 10], claim)


def article_columns(number: int, rows: int = FILE_ROWS) -> tuple[Int64Array, Int64Array, Int64Array]:
    """Record ids, article ids and content hashes of one file."""
    numbers = np.arange(rows, dtype=np.int64)
    return combine(1, number, numbers), combine(2, number, numbers), combine(3, number, numbers)


def write_articles(lake: Lake, number: int, rows: int = FILE_ROWS, text: str | None = None) -> DataFile:
    records, ids, hashes = article_columns(number, rows)
    rejected = pa.array([None if row % REJECTED else "too_short" for row in range(rows)])
    columns: dict[str, Any] = {"record_id": records, "article_id": ids, "content_hash": hashes, "text": text}
    columns |= {"fingerprint": number, "nation": NATIONS[number % 5], "path": f"/crawl/{number:06d}.jsonl"}
    columns |= {"record_no": np.arange(rows), "crawl": "2026-10", "rejected_reason": rejected}
    return write(lake, "articles", number, rows, columns)


def write_signatures(lake: Lake, number: int, rows: int = FILE_ROWS) -> DataFile:
    _, ids, hashes = article_columns(number, rows)
    accepted = np.arange(rows) % REJECTED != 0
    made_by = signature("signatures", SIGNATURE_VERSION, ngram=configure().dedup.ngram)
    columns: dict[str, Any] = {"article_id": ids[accepted], "fingerprint": combine(made_by, hashes[accepted])}
    columns |= {"nation": NATIONS[number % 5], "exact_hash": 0, "crawl": "2026-10", "minhash": []}
    return write(lake, "signatures", number, int(accepted.sum()), columns)


def write_sources(lake: Lake, numbers: range, rows: int = FILE_ROWS) -> DataFile:
    """The `files` rows of source files."""
    names = [f"/crawl/{number:06d}.jsonl" for number in numbers]
    columns: dict[str, Any] = {"uri": names, "name": names, "fingerprint": np.array(numbers), "crawl": "2026-10"}
    columns |= {"etag": "", "size": 0, "records": rows, "generation": 0, "read_at": 0}
    return write(lake, "files", numbers.start, len(numbers), columns, nation=None)


def write(
    lake: Lake, table: str, number: int, rows: int, columns: dict[str, Any], nation: str | None = "by file"
) -> DataFile:
    """Write a data file; a single value stands for a column of it, and columns that are not given are null."""
    schema = load_schema(table).arrow
    arrays = []
    for field in schema:
        value = columns.get(field.name)
        whole = isinstance(value, np.ndarray | pa.Array) or (isinstance(value, list) and len(value) == rows)
        arrays.append(pa.array(value, field.type) if whole else pa.repeat(pa.scalar(value, field.type), rows))
    nation = None if nation is None else NATIONS[number % 5]
    relative = f"{nation or 'none'}/part-{number:06d}.parquet"
    path = Path(lake.storage.path("tables", table, relative))
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(arrays, schema=schema), path, compression="zstd", row_group_size=ROW_GROUP_ROWS)
    return DataFile(table, relative, rows, path.stat().st_size, nation)


class CountingFiles(LocalFileSystem):  # type: ignore[misc]
    """The local file system; remembers which files were opened."""

    opened: list[str]

    def open(self, path: str, *arguments: Any, **options: Any) -> Any:
        self.opened.append(path)
        return super().open(path, *arguments, **options)


def measure(files: int) -> bool:
    """Whether all figures are within their limits."""
    view = open_view(configure(), open_lake(configure()))
    with PeakMemory(os.getpid(), interval_s=0.5) as memory:
        started = time.monotonic()
        pending = view.pending("signatures")
        seconds = time.monotonic() - started
    lacking = (files - files * 9 // 10) * (FILE_ROWS - FILE_ROWS // REJECTED)
    assert pending.height == lacking, f"{pending.height} pending, {lacking} expected"
    print(f"{view.snapshot('articles').rows:,} articles, {view.snapshot('signatures').rows:,} signatures: "
          f"{pending.height:,} pending")  # fmt: skip
    held = [
        line("seconds until pending rows are known", seconds, LIMIT_S),
        line("peak PSS of the driver, GB", memory.peak / 1e9, LIMIT_GB),
    ]
    del pending
    return all([*held, add_file(view, files)])


def add_file(view: View, files: int) -> bool:
    """Add the signatures that lack, then one file of articles; whether workers open nothing else for it."""
    rest = range(files * 9 // 10, files)
    with view.lake.claim("benchmark") as claim:
        view.lake.commit("signatures", [write_signatures(view.lake, number) for number in rest], claim)
        view.forget()
        assert view.pending("signatures").is_empty()
        new = write_articles(view.lake, files, rows=1_000, text="A text. " * 200)
        view.lake.commit("articles", [new], claim)
        view.lake.commit("files", [write_sources(view.lake, range(files, files + 1), rows=1_000)], claim)
    counting = CountingFiles(skip_instance_cache=True)
    counting.opened = []
    arrow = pa.fs.PyFileSystem(pa.fs.FSSpecHandler(counting))
    vars(view.lake.storage)["arrow_filesystem"] = arrow
    view.forget(("articles", "files"))
    started = time.monotonic()
    units = plan_signatures(view)
    print(
        f"one new file: {sum(unit.rows for unit in units):,} pending rows planned in {time.monotonic() - started:.1f} s"
    )
    keys = {path for path in counting.opened if "/tables/articles/" in path}
    print(
        f"opened by the driver for keys: {len(keys)} of the files of articles (for columns that it does not hold yet)"
    )
    counting.opened.clear()
    rows = sum(unit.reads["articles"].read(view.lake.storage).height for unit in units)
    return report(f"opened by workers for {rows:,} texts", counting.opened, new)


def report(what: str, opened: list[str], new: DataFile) -> bool:
    """Say how many files of articles were opened, and whether the new one was the only one."""
    articles = {path for path in opened if "/tables/articles/" in path}
    only = all(path.endswith(new.path) for path in articles)
    print(f"{what}: {len(articles)} of the files of articles, {'only the new one: holds' if only else 'FAILS'}")
    return only


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        sys.exit(0 if measure(int(sys.argv[2])) else 1)
    else:
        main()
