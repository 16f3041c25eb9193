"""Mutated source files of every format: no crash, no hang, every record accounted for.

python -m benchmarks.fuzz_readers                    50,000 inputs of each format, about half an hour
python -m benchmarks.fuzz_readers --inputs 500 csv   fewer, of one format

Hypothesis draws the mutations of a few small valid files: bits, cut and repeated stretches, words of the format, other
compressions. They are read in child processes, since a crash in a library takes its process along. An input that
fails is kept in build/fuzz/, and named.
"""

from __future__ import annotations

import argparse
import faulthandler
import gzip
import io
import json
import random
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from navab.nations.registry import Registry
from navab.options.articles import Columns, Source
from navab.readers.files import SourceFile
from navab.readers.formats import encoding_of, read_records
from navab.readers.records import Limits
from navab.record_parser import RecordParser
from tests.readers.pages import Capture, page, warc

REPOSITORY = Path(__file__).resolve().parents[1]
FOLDER = REPOSITORY / "build" / "fuzz"
CHUNK = 2500  # inputs a child process
HANG_S = 30  # for one input
MEMORY = 8 << 30  # address space of a child
LIMITS = Limits(record=1 << 16, page=1 << 18)
ROWS = [{"text": f"Article {n}: «Ça» 新闻 {'x' * n}", "title": None, "published_at": "2024-05-03"} for n in range(12)]
WORDS = [
    b"\x00", b"\xff", b"\n", b"\r\n\r\n", b'"', b"{", b"[", b"}", b",", b"\\u0000", b"\xef\xbb\xbf", b"9" * 40,
    b"WARC/1.0\r\n", b"Content-Length: 99999999999\r\n", b"Transfer-Encoding: chunked\r\n", b"HTTP/1.1 301 X",
    b"Content-Encoding: gzip\r\n", b"<!--", b"<table>" * 30, b'<meta charset="big5">', b"\x1f\x8b\x08", b"PAR1",
    b"ARROW1", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff",
]  # fmt: skip


def _jsonl() -> bytes:
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in ROWS)


def _csv() -> bytes:
    rows = "".join(f'"{row["text"]}","a ""b""\nc",2024-05-03\r\n' for row in ROWS)
    return f"text,title,published_at\r\n{rows}".encode()


def _parquet() -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(ROWS), out, row_group_size=5)
    return out.getvalue()


def _arrow(writer_of: Callable[..., pa.ipc.RecordBatchStreamWriter]) -> bytes:
    table, out = pa.Table.from_pylist(ROWS), io.BytesIO()
    with writer_of(out, table.schema) as writer:
        writer.write_table(table, max_chunksize=5)
    return out.getvalue()


def _warcs() -> tuple[bytes, ...]:
    gzipped = Capture(gzip.compress(page("fr").encode()), headers=(("Content-Encoding", "gzip"),))
    chunks = Capture(b"40\r\n" + page("de").encode() + b"\r\n0\r\n\r\n", headers=(("Transfer-Encoding", "chunked"),))
    big5 = Capture(page("zh-hant", '<meta charset="big5">').encode("big5"), content_type="text/html")
    moved = Capture(b"", status="301 Moved")
    return (warc([gzipped, moved]), warc([chunks, moved], gzip=False), warc([moved, big5]))


SEEDS: dict[str, tuple[bytes, ...]] = {
    "jsonl": (_jsonl(), gzip.compress(_jsonl())),
    "csv": (_csv(), gzip.compress(_csv())),
    "parquet": (_parquet(),),
    "arrow": (_arrow(pa.ipc.new_file), _arrow(pa.ipc.new_stream)),
    "warc": _warcs(),
}


def mutate(content: bytes, chance: random.Random) -> bytes:
    """One to eight random changes."""
    changed = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 4, 8))):
        place = chance.randrange(len(changed) + 1)
        length = chance.choice((1, 2, 4, 16, 200))
        match chance.randrange(7):
            case 0 if place < len(changed):
                changed[place] ^= 1 << chance.randrange(8)
            case 1:
                changed[place : place + length] = chance.randbytes(length)
            case 2:
                del changed[place : place + length]
            case 3:
                changed[place:place] = changed[place : place + length] * chance.randint(1, 5)
            case 4:
                changed[place:place] = chance.choice(WORDS)
            case 5:
                changed[place : place + length] = chance.choice(WORDS)[:length]
            case 6 if chance.random() < 0.2:
                del changed[place:]
    return bytes(changed)


def check(content: bytes, declared: str, registry: Registry) -> Counter[str]:
    """Read an input and turn its records to rows; raises AssertionError if a record is not accounted for."""
    source = Source(path="fuzz")
    parse = RecordParser(SourceFile("fuzz", "etag", len(content), "fuzz", declared, source), "fuzz", 1, registry)
    raw = io.BytesIO(content)
    encoding = encoding_of(raw, declared)
    outcomes: Counter[str] = Counter()
    for number, record in enumerate(read_records(raw, encoding, Columns(), LIMITS)):
        assert record.number == number, "a record was passed over"
        row = parse(record)
        assert row["rejected_reason"] is not None or row["text"] is not None, "neither read nor refused"
        outcomes[row["rejected_reason"] or "readable"] += 1
    if encoding.format == "jsonl" and encoding.compression is None:
        lines = [line.removeprefix(b"\xef\xbb\xbf") for line in content.split(b"\n")]
        assert outcomes.total() == sum(bool(line.strip()) for line in lines), "a line was lost"
    return outcomes


def fuzz_chunk(format_: str, inputs: int, number: int) -> Counter[str]:
    """Check so many inputs here and now; the one at work lies in the folder."""
    registry = Registry.bundled()
    current = FOLDER / f"{format_}-{number}"
    outcomes: Counter[str] = Counter()

    @seed(number)
    @settings(
        max_examples=inputs,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.randoms(use_true_random=True), st.sampled_from(SEEDS[format_]))
    def inputs_are_read(chance: random.Random, content: bytes) -> None:
        changed = mutate(content, chance)
        current.write_bytes(changed)
        faulthandler.dump_traceback_later(HANG_S, exit=True)
        outcomes.update(check(changed, format_, registry))
        faulthandler.cancel_dump_traceback_later()
        outcomes["inputs"] += 1

    inputs_are_read()
    current.unlink()
    return outcomes


def fuzz(format_: str, inputs: int) -> tuple[Counter[str], int]:
    """Check inputs in child processes; outcomes, and how many of the children failed."""
    outcomes: Counter[str] = Counter()
    failures = 0
    for number, start in enumerate(range(0, inputs, CHUNK)):
        size = min(CHUNK, inputs - start)
        child = [
            sys.executable,
            "-m",
            "benchmarks.fuzz_readers",
            format_,
            "--inputs",
            str(size),
            "--child",
            str(number),
        ]
        done = subprocess.run(child, cwd=REPOSITORY, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            outcomes.update(json.loads(done.stdout))
        else:
            failures += 1
            print(f"{format_}: {FOLDER / f'{format_}-{number}'} ends with {done.returncode}\n{done.stderr[-2000:]}")
    return outcomes, failures


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("formats", nargs="*", default=list(SEEDS), metavar="format")
    arguments.add_argument("--inputs", type=int, default=50_000)
    arguments.add_argument("--child", type=int)
    given_ = arguments.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    if given_.child is not None:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        print(json.dumps(fuzz_chunk(given_.formats[0], given_.inputs, given_.child)))
        return
    failed = 0
    for format_ in given_.formats:
        started = time.monotonic()
        outcomes, failures = fuzz(format_, given_.inputs)
        failed += failures
        seconds = time.monotonic() - started
        inputs, readable = outcomes.pop("inputs"), outcomes.pop("readable")
        records = readable + outcomes.total()
        print(
            f"{format_}: {inputs:,} inputs in {seconds:,.0f} s, {failures} failures (limit 0); {records:,} records, "
            f"{readable:,} readable, {dict(outcomes.most_common())}",
            flush=True,
        )
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
