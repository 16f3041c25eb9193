"""Schema evolution: a lake that an older navab wrote gets the columns it lacks; what cannot be added is refused.

`<lake>/schema.json` says which schema version a lake has and how it came to it. It is written before the tables are
altered, so that a navab that does not know the new columns is refused from then on; after a crash in between, the
next run adds what is still missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa
from pydantic import BaseModel, ValidationError

from navab import __version__
from navab.errors import StorageError
from navab.lake.claim import Claim
from navab.lake.lake import Lake
from navab.lake.schema import TableSchema, load_schema, schema_version, table_names
from navab.lake.snapshot import TableSnapshot
from navab.lake.storage import Storage


class SchemaChange(BaseModel):
    """One entry of a lake's schema history."""

    version: int
    navab: str
    at: datetime
    changes: tuple[str, ...]


class LakeSchema(BaseModel):
    """What schema.json says: a lake's schema version, the navab that set it, every table's key, the history."""

    version: int
    navab: str
    keys: Mapping[str, tuple[str, ...]]
    history: tuple[SchemaChange, ...] = ()


# Lakes of this version have no schema.json.
VERSION_1 = LakeSchema(
    version=1,
    navab="0.1.0",
    keys={
        "article_topics": ("article_id",),
        "articles": ("record_id",),
        "conflicts": ("left_id", "right_id"),
        "duplicates": ("article_id",),
        "embeddings": ("article_id",),
        "evaluations": ("run_id", "triple_id", "order"),
        "extractions": ("article_id",),
        "files": ("uri",),
        "groundings": ("statement_id",),
        "overrides": ("override_id",),
        "resolutions": ("nation", "statement_id"),
        "screening": ("article_id",),
        "searches": ("statement_id",),
        "signatures": ("article_id",),
        "statements": ("statement_id",),
        "topics": ("nation", "topic_id"),
        "triples": ("statement_id",),
    },
)


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference between a stored table and its declaration: `column` is a top-level one, empty for the table."""

    table: str
    column: str
    text: str
    breaking: bool = False


@dataclass(frozen=True, slots=True)
class Evolved:
    """What was changed in a lake, and its tables as they are then, opened under the claim."""

    changes: Sequence[Difference]
    snapshots: Mapping[str, TableSnapshot]


def compare(declared: TableSchema, stored: pa.Schema, description: str | None, key: Sequence[str]) -> list[Difference]:
    """How a table's stored columns, description and recorded key differ from its declaration."""
    found = []
    if tuple(key) != declared.key:
        text = f"the key is {', '.join(key)} in the lake and declared as {', '.join(declared.key)}"
        found.append(Difference(declared.name, "", text, breaking=True))
    found += [
        Difference(declared.name, column, text, breaking)
        for column, text, breaking in _compare_fields(declared.arrow, stored, "")
    ]
    if description != declared.description:
        found.append(Difference(declared.name, "", "description changed"))
    return found


def read_schema(storage: Storage) -> LakeSchema | None:
    """A lake's schema.json, or None if it has none; raises StorageError if it is damaged."""
    path = storage.path("schema.json")
    try:
        return LakeSchema.model_validate_json(storage.read_bytes(path))
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise StorageError(f"schema record {path} cannot be read: {error}; restore it from a backup") from error


def check_schema(lake: Lake, snapshots: Iterable[TableSnapshot]) -> list[Difference]:
    """What the tables lack against their declarations; changes nothing.

    Raises StorageError naming table, column and what to do if a difference is breaking, or if the lake is of a newer
    schema version than this code.
    """
    record = read_schema(lake.storage) or VERSION_1
    if record.version > schema_version():
        raise StorageError(
            f"lake {lake.storage.root} has schema version {record.version}; this navab {__version__} knows versions up "
            f"to {schema_version()}: use navab {record.navab} or later"
        )
    found = [difference for snapshot in snapshots for difference in _differences(snapshot, record)]
    breaking = [difference for difference in found if difference.breaking]
    if breaking:
        more = f" (and {len(breaking) - 1} more)" if len(breaking) > 1 else ""
        raise StorageError(
            f"lake {lake.storage.root}: table {breaking[0].table}: {breaking[0].text}{more}; this navab {__version__} "
            f"cannot go on with it: use navab {record.navab}, which reads it, or build a new lake from the sources"
        )
    return found


def evolve(lake: Lake, claim: Claim) -> Evolved:
    """Bring a claimed lake's tables to their declarations and record it.

    Raises StorageError before anything is written if the lake cannot be brought there.
    """
    snapshots = lake.snapshots()
    found = check_schema(lake, snapshots.values())
    existing = [name for name, snapshot in snapshots.items() if snapshot.version >= 0]
    # Lakes of version 1 bound their files by nation alone, which DuckDB's way of reading takes wrongly.
    restated = existing if read_schema(lake.storage) is None else []
    for name in restated:
        claim.check()
        lake.table(name).restate(claim.epoch)
    _record(lake, claim, found, VERSION_1 if existing else None)
    altered = sorted({difference.table for difference in found})
    for name in altered:
        claim.check()
        lake.table(name).alter([one.column for one in found if one.table == name], claim.epoch)
    return Evolved(found, snapshots | {name: lake.table(name).snapshot() for name in {*restated, *altered}})


def _record(lake: Lake, claim: Claim, found: Sequence[Difference], unrecorded: LakeSchema | None) -> None:
    """Write schema.json unless it says all this already; `unrecorded` is what a lake without one has."""
    stored = read_schema(lake.storage)
    before = stored or unrecorded
    keys = {name: load_schema(name).key for name in table_names()}
    added = [f"table {name}: added" for name in keys if before is not None and name not in before.keys]
    changes = (*added, *(f"table {difference.table}: {difference.text}" for difference in found))
    history = before.history if before else ()
    same = stored is not None and stored.version == schema_version()
    if same and history and set(changes) <= set(history[-1].changes):
        return
    entry = SchemaChange(version=schema_version(), navab=__version__, at=datetime.now(UTC), changes=changes)
    content = LakeSchema(version=schema_version(), navab=__version__, keys=keys, history=(*history, entry))
    claim.check()
    lake.storage.write_bytes(lake.storage.path("schema.json"), content.model_dump_json(indent=1).encode())


def _differences(snapshot: TableSnapshot, record: LakeSchema) -> list[Difference]:
    stored = snapshot.stored
    if stored is None:
        return []
    key = record.keys.get(snapshot.schema.name, snapshot.schema.key)
    return compare(snapshot.schema, stored, snapshot.description, key)


def _compare_fields(
    declared: Iterable[pa.Field], stored: Iterable[pa.Field], prefix: str
) -> Iterator[tuple[str, str, bool]]:
    """Compare fields by name; yields the field's name, the difference in words, and whether it is breaking."""
    old = {one.name: one for one in stored}
    for new in declared:
        for text, breaking in _compare_field(new, old.pop(new.name, None), prefix + new.name):
            yield new.name, text, breaking
    for name in old:
        yield name, f"column {prefix}{name} is in the lake and not declared", True


def _compare_field(new: pa.Field, old: pa.Field | None, name: str) -> Iterator[tuple[str, bool]]:
    if old is None:
        why = "added" if new.nullable else "is not in the lake and must not be null"
        yield f"column {name} {why}", not new.nullable
        return
    if old.nullable and not new.nullable:
        yield f"column {name} may be null in the lake and must not be null", True
    elif new.nullable and not old.nullable:
        yield f"column {name} may be null", False
    inner = _values(new.type), _values(old.type)
    if pa.types.is_struct(inner[0]) and pa.types.is_struct(inner[1]) and _lists(new.type) == _lists(old.type):
        for _, text, breaking in _compare_fields(inner[0], inner[1], f"{name}[]."):
            yield text, breaking
    elif (_lists(new.type), inner[0]) != (_lists(old.type), inner[1]):
        yield f"column {name} is {old.type} in the lake and declared as {new.type}", True


def _lists(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind))


def _values(kind: pa.DataType) -> pa.DataType:
    """The type of a list's values, or the type itself."""
    return kind.value_type if _lists(kind) else kind
