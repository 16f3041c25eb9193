"""Table schemas: read from schemas/*.yaml, where every table is declared once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Literal

import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from navab.plain_yaml import parse_own

_SCALARS: dict[str, pa.DataType] = {
    "int64": pa.int64(),
    "int32": pa.int32(),
    "float32": pa.float32(),
    "string": pa.string(),
    "binary": pa.binary(),
    "bool": pa.bool_(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}


class Column(BaseModel):
    """One column: its type is a scalar, a list of scalars (`list<int64>`) or `list<struct>` with fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    type: str
    nullable: bool
    description: str
    fields: tuple[Column, ...] = ()

    @property
    def arrow(self) -> pa.Field:
        return pa.field(self.name, self._arrow_type(), nullable=self.nullable)

    def _arrow_type(self) -> pa.DataType:
        if self.type == "list<struct>":
            return pa.list_(pa.struct([column.arrow for column in self.fields]))
        if self.type.startswith("list<"):
            return pa.list_(_SCALARS[self.type.removeprefix("list<").removesuffix(">")])
        return _SCALARS[self.type]


class TableSchema(BaseModel):
    """A table: its kind says whether it grows (row) or is replaced per nation (snapshot).

    Rows of a table that is not `claimed` may be appended without the lake's claim (see appending.py).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    kind: Literal["row", "snapshot"]
    key: tuple[str, ...]
    description: str
    columns: tuple[Column, ...]
    internal: bool = False
    claimed: bool = True

    @cached_property
    def arrow(self) -> pa.Schema:
        return pa.schema([column.arrow for column in self.columns])

    def table(self, rows: Sequence[dict[str, object]]) -> pa.Table:
        """Build an Arrow table from rows; absent nullable columns are null."""
        names = [column.name for column in self.columns]
        columns = {name: [row.get(name) for row in rows] for name in names}
        return pa.Table.from_pydict(columns, schema=self.arrow)


def schema_folder() -> Path:
    """Folder of the declarations: beside the package in a checkout, inside it in a wheel."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "schemas"
    return inside if inside.is_dir() else package.parent / "schemas"


@cache
def load_schema(name: str) -> TableSchema:
    """Read the declaration of one table."""
    return TableSchema.model_validate(parse_own((schema_folder() / f"{name}.yaml").read_text("utf-8")))


@cache
def table_names() -> tuple[str, ...]:
    """Names of all declared tables, sorted."""
    return tuple(sorted(path.stem for path in schema_folder().glob("*.yaml")))


@cache
def schema_version() -> int:
    """Version of the whole set of declarations; every change raises it."""
    return int((schema_folder() / "VERSION").read_text("utf-8"))
