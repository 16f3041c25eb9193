"""The carrier without Ray: a unit's files are named after what is in them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from navab.execution.units import run_unit, write_output
from navab.lake.schema import load_schema
from navab.lake.storage import Storage
from navab.stages.base import Output, Unit


def output(*rows: tuple[int, str]) -> Output:
    made = [
        {
            "article_id": one,
            "nation": nation,
            "fingerprint": 1,
            "canonical_id": one,
            "kind": "unique",
            "similarity": 1.0,
        }
        for one, nation in rows
    ]
    return Output("duplicates", load_schema("duplicates").table(made))


def test_one_file_a_nation(tmp_path: Path) -> None:
    storage = Storage(str(tmp_path))
    files = list(write_output(output((1, "cn"), (2, "us"), (3, "cn")), "part", storage, 1))
    assert [(file.nation, file.rows) for file in files] == [("cn", 2), ("us", 1)]
    for file in files:
        path = Path(storage.path("tables", "duplicates", file.path))
        assert path.stat().st_size == file.size
        frame = pl.read_parquet(path)
        assert frame.height == file.rows
        assert set(frame["nation"]) == {file.nation}


def test_the_same_rows_are_the_same_file_and_others_another(tmp_path: Path) -> None:
    storage = Storage(str(tmp_path))
    (one,) = write_output(output((1, "cn")), "part", storage, 1)
    (same,) = write_output(output((1, "cn")), "part", storage, 1)
    (other,) = write_output(output((2, "cn")), "part", storage, 1)
    assert one == same
    assert one.path != other.path


def test_a_unit_ends_with_a_word_without_file(tmp_path: Path) -> None:
    def work(unit: Unit, storage: Storage) -> Iterator[Output]:
        yield output((1, "cn"))
        yield output((1, "cn"))

    unit = Unit("unit", "cn", pl.DataFrame({"article_id": [1], "fingerprint": [1]}))
    written = list(run_unit(unit, work, Storage(str(tmp_path)), 1))
    assert [one.file is None for one in written] == [False, False, True]
    assert written[-1].pending_rows == 1
    assert written[0].file is not None
    assert written[1].file is not None
    assert written[0].file.path != written[1].file.path  # numbered: equal parts are no repetition
