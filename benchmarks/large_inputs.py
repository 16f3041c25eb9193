"""Large inputs: memory while a file of 2 GB is read, in every format, and how long 100,000 files take to be listed.

python -m benchmarks.large_inputs                 about ten minutes; 2 GB below build/large at a time
python -m benchmarks.large_inputs --mb 1500 csv   smaller, of one format; a tenth must hold a whole output, of 64 MB

Every file is read in a process of its own, by what the stage runs on a worker: read, parse, identify, make tables.
What is compared is its peak memory after a tenth of the records and at the end: a reader that keeps what it has read
grows tenfold in between. Memory of Python and its libraries, before anything is read, is taken off. Of the captures in
the WARC file one in 200 is a page, since extracting takes 30 ms.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
from warcio.warcwriter import WARCWriter

from navab.configuration import Configuration
from navab.lake.storage import StorageOptions
from navab.options.articles import Source
from navab.pipeline import open_lake, open_view
from navab.readers.files import list_source
from navab.stages.articles import ReadFile, complete, plan
from navab.text.language import identify
from navab.view import View
from tests.readers.pages import Capture, record

REPOSITORY = Path(__file__).resolve().parents[1]
FOLDER = REPOSITORY / "build" / "large"
FILES = 100_000
LIMIT_GROWTH_MB, LIMIT_LIST_S = 64, 10
SCHEMA = pa.schema({"text": pa.string(), "title": pa.string(), "unused": pa.string()})
FORMATS = ("jsonl", "csv", "parquet", "parquet-one-group", "arrow", "arrow-one-batch", "warc")


def batches(size: int) -> Iterator[pa.RecordBatch]:
    """Articles of 4 KB in batches of 500, up to a size in bytes."""
    chance = random.Random(0)
    for _ in range(size // (500 * 4000)):
        texts = [chance.randbytes(1900).hex() for _ in range(500)]
        yield pa.record_batch({"text": texts, "title": ["A title"] * 500, "unused": ["x" * 190] * 500}, schema=SCHEMA)


def write(format_: str, size: int) -> Path:
    """Write a file of about so many bytes."""
    path = FOLDER / f"large.{format_}"
    match format_:
        case "jsonl":
            with path.open("w") as file:
                for batch in batches(size):
                    file.writelines(json.dumps(row) + "\n" for row in batch.to_pylist())
        case "csv":
            with path.open("w") as file:
                file.write("text,title,unused\n")
                for batch in batches(size):
                    file.writelines(f'"{row["text"]}",A title,x\n' for row in batch.to_pylist())
        case "parquet":
            with pq.ParquetWriter(path, SCHEMA, compression="none", use_dictionary=False) as writer:
                for batch in batches(size):
                    writer.write_batch(batch)  # a row group of its own
        case "parquet-one-group":
            with pq.ParquetWriter(path.with_suffix(".parquet"), SCHEMA, use_dictionary=False) as writer:
                writer.write_table(pa.Table.from_batches(batches(size)), row_group_size=10**9)
            return path.with_suffix(".parquet")
        case "arrow":
            with pa.ipc.new_file(path, SCHEMA) as writer:
                for batch in batches(size):
                    writer.write_batch(batch)
        case "arrow-one-batch":
            with pa.ipc.new_file(path.with_suffix(".arrow"), SCHEMA) as writer:
                (whole,) = pa.Table.from_batches(batches(size)).combine_chunks().to_batches()
                writer.write_batch(whole)
            return path.with_suffix(".arrow")
        case _:
            _write_warc(path, size)
    return path


def _write_warc(path: Path, size: int) -> None:
    chance = random.Random(0)
    with path.open("wb") as file:
        writer = WARCWriter(file, gzip=True)
        for number in range(size // 100_000):
            picture = Capture(chance.randbytes(100_000), content_type="image/jpeg")
            writer.write_record(record(writer, Capture() if number % 200 == 0 else picture))


@dataclass(frozen=True)
class Measured:
    """Reading of a file: memory in MB above that before, after a tenth of the records and at the end."""

    records: int
    early_mb: int
    late_mb: int
    seconds: float
    process_mb: int


def read(path: Path) -> Measured:
    """Do the stage's work on a file and forget what it makes."""
    view = _view(str(path))
    (unit,) = complete(view, plan(view))
    work = ReadFile(view.configuration, view.registry)
    identify(["The model is loaded before anything is measured."])
    _reset_peak()
    before, started = _peak_mb(), time.monotonic()
    records, peaks = 0, []
    for output in work(unit, view.lake.storage):
        records += output.rows.num_rows if output.table == "articles" else 0
        peaks.append((records, _peak_mb() - before))
    early = next(peak for reached, peak in peaks if reached >= records / 10)
    return Measured(records, early, peaks[-1][1], time.monotonic() - started, _peak_mb())


def _view(pattern: str) -> View:
    """A lake in the folder, with the files of a pattern as its source."""
    configuration = Configuration.model_validate(
        {"lake": str(FOLDER / "lake"), "sources": [{"path": pattern, "nation": "uk"}]}
    )
    return open_view(configuration, open_lake(configuration))


def _peak_mb() -> int:
    """Largest resident memory since the last `_reset_peak`; getrusage would count that of the parent process too."""
    status = Path("/proc/self/status").read_text("ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


def _reset_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5", "ascii")


def report_memory(format_: str, size: int) -> None:
    path = write(format_, size)
    child = [sys.executable, "-m", "benchmarks.large_inputs", "--read", str(path)]
    done = subprocess.run(child, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    found = Measured(**json.loads(done.stdout))
    megabytes = path.stat().st_size / 2**20
    print(
        f"{format_:<18} {megabytes:6,.0f} MB, {found.records:,} records in {found.seconds:.0f} s: "
        f"+{found.early_mb} MB after a tenth, +{found.late_mb} MB at the end (growth at most {LIMIT_GROWTH_MB} MB, "
        f"ratio {(found.late_mb - found.early_mb) / LIMIT_GROWTH_MB:.2f}); process {found.process_mb} MB",
        flush=True,
    )
    path.unlink()


def report_listing() -> None:
    folder = FOLDER / "many"
    for number in range(FILES):
        path = folder / str(number // 1000) / f"{number}.jsonl"
        if number % 1000 == 0:
            path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b'{"text": "x"}\n')
    pattern = str(folder / "*" / "*.jsonl")
    started = time.monotonic()
    found = len(list_source(Source(path=pattern), StorageOptions()))
    listed = time.monotonic() - started
    started = time.monotonic()
    planned = len(plan(_view(pattern)))
    seconds = time.monotonic() - started
    print(f"{found:,} files listed in {listed:.1f} s (limit {LIMIT_LIST_S}, ratio {listed / LIMIT_LIST_S:.2f})")
    print(f"{planned:,} files planned in {seconds:.1f} s, listing included")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("formats", nargs="*", default=FORMATS, metavar="format")
    arguments.add_argument("--mb", type=int, default=2048)
    arguments.add_argument("--read", type=Path)
    given = arguments.parse_args()
    if given.read:
        print(json.dumps(asdict(read(given.read))))
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    for format_ in given.formats:
        report_memory(format_, given.mb << 20)
    if given.formats == FORMATS:
        report_listing()
    shutil.rmtree(FOLDER)


if __name__ == "__main__":
    main()
