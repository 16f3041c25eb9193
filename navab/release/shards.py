"""Shards: triples to Arrow IPC files, the same triples to the same bytes.

The file format (not the stream format) is written: `datasets`, Polars and `pyarrow.dataset` all read it.
It isn't compressed: the bytes depend on no compressor's version, and files can be mapped into memory.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

import numpy as np
import polars as pl
import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from navab.errors import ConfigurationError, ConservationError

_ROWS_PER_BATCH = 10_000
_FOLDERS = ("nation", "source_type", "split")
_FOLDER_NAME = re.compile(r"[a-z]+")


class Shard(BaseModel):
    """One Arrow file of a release; `path` is relative to the release's root."""

    model_config = ConfigDict(frozen=True)

    path: str
    subset: str
    nation: str
    source_type: str
    split: str
    rows: int
    bytes: int
    sha256: str


def prepare(triples: pl.DataFrame, schema: pa.Schema) -> pl.DataFrame:
    """Check the triples, keep the release's columns and sort them by triple_id."""
    missing = [name for name in schema.names if name not in triples.columns]
    if missing:
        raise ConfigurationError(f"triples lack the columns {', '.join(missing)}: join them before releasing")
    for name in (field.name for field in schema if not field.nullable):
        if triples[name].null_count():
            raise ConservationError(f"triples have rows without {name}: every released triple needs one")
    repeated = triples.filter(pl.col("triple_id").is_duplicated())["triple_id"]
    if len(repeated):
        raise ConservationError(f"triple_id {repeated[0]} occurs more than once: a triple is released once")
    return triples.select(schema.names).sort("triple_id")


def take_subsets(triples: pl.DataFrame, *, without_conflict_reduction: bool) -> dict[str, pl.DataFrame]:
    """Divide prepared triples into the subsets; a contested triple may also be in a retained one."""
    foreign = pl.col("speaker_nation") == "foreign"
    conditions = {
        "default": pl.col("retained") & ~foreign,
        "foreign": pl.col("retained") & foreign,
        "contested": pl.col("contested"),
    }
    if without_conflict_reduction:
        conditions["without_conflict_reduction"] = pl.lit(True)
    return {name: triples.filter(condition) for name, condition in conditions.items()}


def rows_per_shard(*, include_text: bool) -> int:
    """Bound a shard so that it stays below some 100 MB."""
    return 10_000 if include_text else 50_000


def serialise_shards(
    triples: pl.DataFrame, subset: str, schema: pa.Schema, most_rows: int
) -> Iterator[tuple[Shard, bytes]]:
    """Yield every shard of a subset with its bytes; `triples` come from `prepare`, filtered."""
    groups = triples.partition_by(_FOLDERS, as_dict=True, maintain_order=True)
    for folders, rows in sorted(groups.items(), key=lambda item: tuple(map(str, item[0]))):
        nation, source_type, split = map(_folder, folders)
        for number, start in enumerate(range(0, rows.height, most_rows)):
            part = rows.slice(start, most_rows)
            payload = serialise(part, schema)
            shard = Shard(
                path=f"data/{subset}/{nation}/{source_type}/{split}/part-{number:05d}.arrow",
                subset=subset,
                nation=nation,
                source_type=source_type,
                split=split,
                rows=part.height,
                bytes=len(payload),
                sha256=hashlib.sha256(payload).hexdigest(),
            )
            yield shard, payload


def serialise(rows: pl.DataFrame, schema: pa.Schema) -> bytes:
    """Write rows as an Arrow IPC file whose bytes depend on nothing but the rows."""
    table = rows.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(schema).combine_chunks()
    arrays = [_canonical(pa.concat_arrays(column.chunks), column.type) for column in table.columns]
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression=None)
    with pa.ipc.new_file(sink, schema, options=options) as writer:
        writer.write_table(pa.Table.from_arrays(arrays, schema=schema), max_chunksize=_ROWS_PER_BATCH)
    return bytes(sink.getvalue())


def _canonical(array: pa.Array, kind: pa.DataType) -> pa.Array:
    """Rebuild an array so that no byte under a null, and no unused bit, keeps what was there before."""
    if array.null_count == 0 and not pa.types.is_boolean(kind):
        return array
    valid = _bits(array.is_valid()) if array.null_count else None
    if pa.types.is_boolean(kind):
        return pa.Array.from_buffers(kind, len(array), [valid, _bits(array.fill_null(False))])
    filled = array.fill_null(pa.scalar("" if pa.types.is_string(kind) else 0, kind))
    return pa.Array.from_buffers(kind, len(array), [valid, *filled.buffers()[1:]])


def _bits(flags: pa.Array) -> pa.Buffer:
    return pa.py_buffer(np.packbits(flags.to_numpy(zero_copy_only=False), bitorder="little").tobytes())


def _folder(name: object) -> str:
    """Check a value that becomes a folder's name."""
    text = str(name)
    if not _FOLDER_NAME.fullmatch(text):
        raise ConfigurationError(f"'{text}' cannot name a folder of a release: use lower-case letters only")
    return text
