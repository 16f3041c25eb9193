"""Write crawl-2.parquet, the sample's later crawl, from crawl-2/*.jsonl."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

HERE = Path(__file__).resolve().parent
COLUMNS = ("id", "nation", "source", "url", "published_at", "title", "text", "licence")
SCHEMA = pa.schema([(name, pa.string()) for name in COLUMNS])


def read_records(folder: Path) -> list[dict[str, str]]:
    """The records of every JSONL file in the folder, files in the order of their names."""
    records: list[dict[str, str]] = []
    for path in sorted(folder.glob("*.jsonl")):
        with path.open(encoding="utf-8") as lines:
            records.extend(json.loads(line) for line in lines if line.strip())
    return records


def main() -> None:
    records = read_records(HERE / "crawl-2")
    target = HERE / "crawl-2.parquet"
    pq.write_table(pa.Table.from_pylist(records, schema=SCHEMA), target, compression="zstd")
    print(f"{target}: {len(records)} records")


if __name__ == "__main__":
    main()
