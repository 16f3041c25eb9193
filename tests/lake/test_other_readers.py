"""Polars and DuckDB read every table as it is, and agree on it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pytest
from deltalake import DeltaTable

from navab.execution.units import write_output
from navab.lake.evolution import evolve
from navab.lake.lake import Lake
from navab.lake.schema import load_schema, table_names
from navab.stages.base import Output
from tests.oldlakes import unpack

# What no run of the sample makes: tables of other commands, and of large and growing nations.
NOT_MADE = tuple(
    name for name in table_names() if name in ("cells", "evaluations", "overrides", "takedowns", "topic_drift")
)


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake of schema version 1, brought up to date."""
    folder = tmp_path_factory.mktemp("old")
    unpack(1, folder)
    lake = Lake(str(folder / "lake"))
    with lake.claim("test") as claim:
        evolve(lake, claim)
    return folder / "lake"


def with_polars(folder: Path, columns: pa.Schema) -> tuple[object, ...]:
    """Rows; of every column values and, by its type, the sum, the sum of lengths or the least and greatest value."""
    rows = pl.scan_delta(str(folder))
    found: list[pl.Expr] = [pl.len()]
    for field in columns:
        column = pl.col(field.name)
        found.append(column.count().alias(f"{field.name}.count"))
        if pa.types.is_list(field.type):
            found.append(column.list.len().cast(pl.Int64).sum().alias(f"{field.name}.items"))
        elif pa.types.is_integer(field.type) or pa.types.is_floating(field.type) or pa.types.is_boolean(field.type):
            found.append(column.cast(pl.Float64).sum().alias(f"{field.name}.sum"))
        else:
            found += [column.min().alias(f"{field.name}.min"), column.max().alias(f"{field.name}.max")]
    return rows.select(found).collect().row(0)


def with_duckdb(folder: Path, columns: pa.Schema) -> tuple[object, ...]:
    """The same as SQL."""
    rows = DeltaTable(str(folder)).to_pyarrow_dataset()
    found = ["count(*)"]
    for field in columns:
        column = f'"{field.name}"'
        found.append(f"count({column})")
        if pa.types.is_list(field.type):
            found.append(f"coalesce(sum(len({column})), 0)")
        elif pa.types.is_integer(field.type) or pa.types.is_floating(field.type) or pa.types.is_boolean(field.type):
            found.append(f"coalesce(sum(CAST({column} AS DOUBLE)), 0)")
        else:
            found += [f"min({column})", f"max({column})"]
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.register("rows", rows)
    answer = connection.execute(f"SELECT {', '.join(found)} FROM rows").fetchone()
    assert answer is not None
    return answer


def agree(folder: Path, name: str) -> int:
    """Both read all declared columns of a table and find the same; its rows."""
    columns = load_schema(name).arrow
    ours, theirs = with_polars(folder, columns), with_duckdb(folder, columns)
    assert len(ours) == len(theirs)
    for left, right in zip(ours, theirs, strict=True):
        assert left == (pytest.approx(right) if isinstance(left, float) else right)
    assert isinstance(ours[0], int)
    return ours[0]


@pytest.mark.parametrize("name", [name for name in table_names() if name not in NOT_MADE])
def test_tables_of_a_run(built: Path, name: str) -> None:
    rows = agree(built / "tables" / name, name)
    assert rows == Lake(str(built)).table(name).snapshot().rows > 0


@pytest.mark.parametrize("name", NOT_MADE)
def test_tables_that_no_run_of_the_sample_makes(tmp_path: Path, name: str) -> None:
    lake = Lake(str(tmp_path))
    columns = load_schema(name).arrow
    rows = pa.table({field.name: [made_up(field.type, row) for row in range(3)] for field in columns}, schema=columns)
    with lake.claim("test") as claim:
        lake.commit(name, list(write_output(Output(name, rows), "made-up", lake.storage, claim.epoch)), claim)
    assert agree(tmp_path / "tables" / name, name) == 3


def made_up(kind: pa.DataType, row: int) -> object:
    """A value of a type."""
    if pa.types.is_list(kind):
        return [made_up(kind.value_type, row + place) for place in range(row)]
    if pa.types.is_struct(kind):
        return {field.name: made_up(field.type, row) for field in kind}
    if pa.types.is_timestamp(kind):
        return datetime(2026, 11, 1 + row, tzinfo=UTC)
    if pa.types.is_boolean(kind):
        return row % 2 == 0
    return f"made up {row}" if pa.types.is_string(kind) else row


@pytest.mark.parametrize("name", ["articles", "statements", "triples"])
@pytest.mark.parametrize("lake", ["built", "old"])
def test_filters_lose_nothing(name: str, lake: str, request: pytest.FixtureRequest) -> None:
    """deltalake's dataset takes statistics of one column for a statement on all."""
    folder = request.getfixturevalue(lake) / "tables" / name
    rows = DeltaTable(str(folder)).to_pyarrow_dataset()
    frame = pl.scan_delta(str(folder))
    for condition in ("rejected_reason IS NULL", "rejected_reason IS NOT NULL", "nation = 'uk'", "fingerprint > 0"):
        theirs = duckdb.connect().register("rows", rows).execute(f"SELECT count(*) FROM rows WHERE {condition}")
        ours = frame.sql(f"SELECT count(*) AS count FROM self WHERE {condition}").collect().item()
        assert theirs.fetchone() == (ours,), condition


def test_a_column_that_old_files_lack(old: Path) -> None:
    assert agree(old / "tables" / "files", "files") == 1
    assert pl.scan_delta(str(old / "tables" / "files")).select("format").collect().item() is None


def test_what_is_inside_lists(built: Path) -> None:
    folder = built / "tables" / "extractions"
    statements = (
        pl.scan_delta(str(folder)).select(pl.col("statements").explode(empty_as_null=False)).unnest("statements")
    )
    ours = statements.select(pl.len(), pl.col("text").str.len_chars().sum()).collect().row(0)
    connection = duckdb.connect().register("rows", DeltaTable(str(folder)).to_pyarrow_dataset())
    theirs = connection.execute(
        "SELECT count(*), sum(length(s.text)) FROM (SELECT unnest(statements) AS s FROM rows)"
    ).fetchone()
    assert ours == theirs
