"""Looking back: tables as of a version or a time, and what is said when that is deleted or was never there."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from deltalake import DeltaTable

from navab.errors import ConfigurationError
from navab.execution.units import write_output
from navab.lake.as_of import AsOf, TableHistory, parse_as_of, snapshots_as_of
from navab.lake.cleaning import clean
from navab.lake.lake import Lake
from navab.lake.schema import load_schema
from navab.stages.base import Output

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def write(lake: Lake, table: str, ids: Sequence[int], *, replace: bool = False) -> datetime:
    """Commit rows with the given ids as one file; a time between this commit and the next one."""
    row = {"nation": "uk", "fingerprint": 2, "candidates": 0, "component_id": 0, "retained": True, "support": 1}
    row |= {"weight": 1.0, "stance": "undisputed", "reason": ""}
    rows = load_schema(table).table([row | {"statement_id": one} for one in ids])
    files = list(write_output(Output(table, rows), "part", lake.storage, 1))
    lake.table(table).commit(files, 1, replace=["uk"] if replace else ())
    time.sleep(0.01)  # Delta's clock ticks in milliseconds
    now = datetime.now(UTC)
    time.sleep(0.01)
    return now


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


def ids(lake: Lake, as_of: AsOf, table: str = "resolutions", cited: Sequence[int] = ()) -> list[int]:
    snapshot = snapshots_as_of(lake, as_of, {table: cited})[table]
    return sorted(snapshot.read(["statement_id"])["statement_id"])


def as_of(*values: str) -> AsOf:
    return parse_as_of(values)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["12"], AsOf(version=12)),
        (["2026-11-05"], AsOf(time=datetime(2026, 11, 5, tzinfo=UTC))),
        (["2026-11-05T14:30"], AsOf(time=datetime(2026, 11, 5, 14, 30, tzinfo=UTC))),
        (["2026-11-05 14:30:00.250+02:00"], AsOf(time=datetime(2026, 11, 5, 12, 30, 0, 250_000, tzinfo=UTC))),
        (["2026-11-05", "triples=3"], AsOf(time=datetime(2026, 11, 5, tzinfo=UTC), tables={"triples": 3})),
        (["files=0", "triples=3"], AsOf(tables={"files": 0, "triples": 3})),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_versions_and_times_are_read(values: list[str], expected: AsOf) -> None:
    assert parse_as_of(values) == expected


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (["yesterday"], "a time such as 2026-11-05"),
        (["-1"], "a time such as 2026-11-05"),
        (["3", "2026-11-05"], "give one time or version"),
        (["triple=3"], "no table 'triple'; tables are article_topics, "),
        (["triples=x"], "a whole number"),
        (["triples=-1"], "a whole number"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_is_neither_is_refused(values: list[str], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        parse_as_of(values)


def test_tables_as_of_a_version(lake: Lake) -> None:
    for number in (1, 2, 3):
        write(lake, "resolutions", [number], replace=True)
    write(lake, "searches", [7])
    assert [ids(lake, as_of(str(version))) for version in range(3)] == [[1], [2], [3]]
    assert ids(lake, as_of("2"), "searches") == [7], "it has fewer versions"
    assert ids(lake, as_of("99")) == [3]
    assert ids(lake, as_of("0", "resolutions=1")) == [2]
    assert ids(lake, as_of("searches=0")) == [3], "the others as they are"
    with pytest.raises(ConfigurationError, match="searches=1: it has versions 0 to 0"):
        ids(lake, as_of("searches=1"))
    with pytest.raises(ConfigurationError, match="triples=0: there is no such table yet"):
        ids(lake, as_of("triples=0"))


def test_tables_as_of_a_time(lake: Lake) -> None:
    begin = datetime.now(UTC) - timedelta(seconds=1)
    times = [write(lake, "resolutions", [number], replace=True) for number in (1, 2)]
    write(lake, "searches", [7])
    assert [ids(lake, AsOf(time=one)) for one in times] == [[1], [2]]
    assert ids(lake, AsOf(time=datetime.now(UTC))) == [2]
    assert snapshots_as_of(lake, AsOf(time=times[0]), {})["searches"].version == -1, "it did not exist yet"
    with pytest.raises(
        ConfigurationError, match=r"did not exist then: its tables begin at \d{4}-.*T.*\.\d{3}Z"
    ) as told:
        ids(lake, AsOf(time=begin))
    assert ids(lake, as_of(str(told.value).rpartition(" ")[2])) == [1], "the time that the line names is one to give"
    assert ids(lake, AsOf(time=LONG_AGO, tables={"resolutions": 0})) == [1]


def test_a_copied_lake_keeps_its_times(lake: Lake) -> None:
    """Copies have new modification times; what counts is when a version was committed."""
    times = [write(lake, "resolutions", [number], replace=True) for number in (1, 2)]
    for path in Path(lake.storage.path()).rglob("*.json"):
        path.touch()
    assert [ids(lake, AsOf(time=one)) for one in times] == [[1], [2]]


def test_a_lake_without_tables_has_nothing_to_show(lake: Lake) -> None:
    assert {one.version for one in snapshots_as_of(lake, AsOf(time=LONG_AGO), {}).values()} == {-1}


def test_beyond_retention_the_earliest_version_is_named(lake: Lake) -> None:
    times = [write(lake, "resolutions", [number], replace=True) for number in (1, 2, 3, 4)]
    clean(lake.table("resolutions"), 0, [1], lambda: None)
    assert ids(lake, AsOf(time=times[1]), cited=[1]) == [2], "a release cites it"
    assert ids(lake, as_of("3"), cited=[1]) == [4]
    for gone in (AsOf(version=0), AsOf(version=2), AsOf(time=times[0])):
        with pytest.raises(ConfigurationError, match=r"resolutions cannot be read at version \d: .* is 3, of ") as told:
            ids(lake, gone, cited=[1])
        assert ids(lake, as_of(str(told.value).rpartition(" ")[2])) == [4]


def test_versions_within_the_retention_stay_readable_after_maintenance(lake: Lake) -> None:
    for number in (1, 2, 3):
        write(lake, "searches", [number])
    clean(lake.table("searches"), 1, [], lambda: None)
    assert ids(lake, as_of("0"), "searches") == [1]
    assert ids(lake, as_of("1"), "searches") == [1, 2]


def test_a_cited_version_that_only_its_checkpoint_keeps(lake: Lake) -> None:
    """Delta may clean up the log of a version whose files a release keeps; its time is gone then, and nothing else."""
    for number in (1, 2, 3):
        write(lake, "resolutions", [number], replace=True)
    clean(lake.table("resolutions"), 0, [1], lambda: None)
    (Path(lake.storage.path("tables", "resolutions", "_delta_log")) / f"{1:020d}.json").unlink()
    assert ids(lake, as_of("1"), cited=[1]) == [2]
    assert TableHistory(lake.table("resolutions"), [1]).earliest == 2


def test_a_log_whose_beginning_was_cleaned_up(lake: Lake) -> None:
    """Delta removes log entries before a checkpoint once they are older than its own retention."""
    times = [write(lake, "resolutions", [1], replace=True), write(lake, "resolutions", [2], replace=True)]
    folder = Path(lake.storage.path("tables", "resolutions"))
    DeltaTable(str(folder)).create_checkpoint()
    write(lake, "resolutions", [3], replace=True)
    (folder / "_delta_log" / f"{0:020d}.json").unlink()
    history = TableHistory(lake.table("resolutions"))
    assert (history.versions, history.earliest) == ([1, 2], 1)
    assert ids(lake, AsOf(time=times[1])) == [2]
    with pytest.raises(ConfigurationError, match=r"cannot be read at version 0: .* is 1, of "):
        ids(lake, AsOf(time=times[0]))
