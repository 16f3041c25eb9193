"""One version of a Delta table: the files that it holds, their rows, and the commit that may come next."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import polars as pl
import pyarrow as pa
from deltalake import DeltaTable, Schema
from deltalake.transaction import (
    AddAction,
    CommitProperties,
    PostCommitHookProperties,
    RemoveAction,
    create_table_with_add_actions,
)

from navab.errors import StorageError
from navab.lake.failures import explain, storage_failures
from navab.lake.schema import TableSchema
from navab.lake.storage import Storage

FILE = "_file"
NO_NATION = "none"  # the folder of files whose rows have no nation
ROWS_AT_ONCE = 4_000_000
WHOLE_BYTES, FETCHED_TOGETHER = 4 << 20, 64  # files of an object store up to this size are fetched whole
TAKEDOWNS = "navab-mark/takedowns"  # apart from `navab/TABLE`, the fences
PURGED_BEFORE = "navab-mark/purged-before"
# Files may lack fields that were added later, within lists of structs too.
_EVOLVING = pl.ScanCastOptions(missing_struct_fields="insert", extra_struct_fields="ignore")
# Opening a table reads every commit since the last checkpoint, on S3 with a request each; and what compaction removed
# would stay listed in checkpoints for a week, for a vacuum that navab does not use.
_PROPERTIES = {
    "delta.checkpointInterval": "20",
    "delta.deletedFileRetentionDuration": "interval 0 hours",
    "delta.enableExpiredLogCleanup": "false",
}
# Versions that releases cite need their log: `cleaning` knows them, Delta does not.
_KEEPING_THE_LOG = PostCommitHookProperties(create_checkpoint=True, cleanup_expired_logs=False)


class TableSnapshot:
    """One version of a table; version -1 is a table that does not exist yet."""

    def __init__(self, storage: Storage, schema: TableSchema, delta: DeltaTable | None) -> None:
        self.storage = storage
        self.schema = schema
        self._delta = delta

    @property
    def version(self) -> int:
        return -1 if self._delta is None else self._delta.version()

    @cached_property
    def files(self) -> pl.DataFrame:
        """Active files: path (relative to the table), rows, size and nation, sorted by path."""
        if self._delta is None:
            columns = {"path": pl.String, "rows": pl.Int64, "size": pl.Int64, "nation": pl.String}
            return pl.DataFrame(schema=columns)
        folder = pl.col("path").str.split("/").list.first()
        return (
            pl.DataFrame(self._delta.get_add_actions(flatten=True))
            .select(
                "path",
                pl.col("num_records").cast(pl.Int64).alias("rows"),
                pl.col("size_bytes").cast(pl.Int64).alias("size"),
                pl.when(folder != NO_NATION).then(folder).alias("nation"),
            )
            .sort("path")
        )

    @property
    def rows(self) -> int:
        return int(self.files["rows"].sum())

    @property
    def stored(self) -> pa.Schema | None:
        """The columns that this version has, which an older navab may have written; None if there is no table."""
        return None if self._delta is None else pa.schema(self._delta.schema().to_arrow())

    @property
    def description(self) -> str | None:
        return None if self._delta is None else self._delta.metadata().description

    def file_path(self, index: int) -> str:
        """Path of an active file by its position in `files`."""
        return self.storage.path("tables", self.schema.name, self.files["path"][index])

    def read(self, columns: Sequence[str], nation: str | None = None) -> pl.DataFrame:
        """Read columns of all rows (of one nation), with `_file`: the position of the row's file in `files`."""
        wanted = self.files if nation is None else self.files.filter(pl.col("nation") == nation)
        return self.read_files(wanted["path"].to_list(), columns)

    def read_files(
        self, paths: Sequence[str], columns: Sequence[str], *, categories: Sequence[str] = ()
    ) -> pl.DataFrame:
        """Read columns of some files, in the order in which they are given, with `_file` as `read` has it.

        Columns named in `categories` come as Categorical.
        """
        wanted = pl.DataFrame({"path": paths}, schema={"path": pl.String}).join(
            self.files.with_row_index(FILE), on="path", how="left", maintain_order="left"
        )
        encoded = [name for name in columns if name in categories]
        frames = [self._no_rows(columns, encoded)]
        part = (wanted["rows"].cum_sum() // ROWS_AT_ONCE).alias("part")
        for _, files in wanted.group_by(part, maintain_order=True):
            frames.append(self._read_part(files, columns, encoded))
        return pl.concat(frames, rechunk=False)

    def _read_part(self, files: pl.DataFrame, columns: Sequence[str], encoded: Sequence[str]) -> pl.DataFrame:
        """Read files in their order."""
        read = self._read_local if self.storage.is_local else self._read_remote
        try:
            return read(files, columns, encoded)
        except (
            pa.ArrowException,
            pl.exceptions.PolarsError,
            pl.exceptions.PanicException,
            *storage_failures(),
        ) as error:
            raise StorageError(f"cannot read table {self.schema.name}: {explain(error)}") from error

    def _read_local(self, files: pl.DataFrame, columns: Sequence[str], encoded: Sequence[str]) -> pl.DataFrame:
        """Read files of this machine, by Polars: many small ones cost it a third of what they cost pyarrow.

        Types have to be those that are declared; columns and fields may be missing.
        """
        paths = [self.storage.path("tables", self.schema.name, path) for path in files["path"]]
        frame = (
            pl.scan_parquet(
                paths,
                glob=False,
                hive_partitioning=False,
                schema=self._no_rows(columns, []).drop(FILE).schema,
                missing_columns="insert",
                extra_columns="ignore",
                cast_options=_EVOLVING,
            )
            .select(columns)
            .with_columns(pl.col(encoded).cast(pl.Categorical))
            .collect()
        )
        positions = np.repeat(files[FILE].to_numpy(), files["rows"].to_numpy())
        return frame.with_columns(pl.Series(FILE, positions))

    def _read_remote(self, files: pl.DataFrame, columns: Sequence[str], encoded: Sequence[str]) -> pl.DataFrame:
        """Read files of an object store: small ones are fetched whole and many at a time."""
        small = files.filter(pl.col("size") <= WHOLE_BYTES)
        if small.is_empty():
            return self._read_ranges(files, columns, encoded)
        frames = self._read_whole(small, columns, encoded)
        large = files.join(small, on=FILE, how="anti", maintain_order="left")
        if large.height:
            rows = self._read_ranges(large, columns, encoded).partition_by(FILE, as_dict=True)
            frames |= {int(str(position)): part for (position,), part in rows.items()}
        return pl.concat([frames[position] for position in files[FILE] if position in frames], rechunk=False)

    def _read_ranges(self, files: pl.DataFrame, columns: Sequence[str], encoded: Sequence[str]) -> pl.DataFrame:
        """Read nothing but the columns; a store is asked several times a file."""
        import pyarrow.dataset as pads  # noqa: PLC0415  (loads pandas, a fifth of a second before Ray is loaded)

        form = pads.ParquetFileFormat(dictionary_columns=set(encoded))
        filesystem = self.storage.arrow_filesystem
        fragments = [
            form.make_fragment(self.storage.path("tables", self.schema.name, path), filesystem, file_size=size)
            for path, size in files.select("path", "size").iter_rows()
        ]
        dataset = pads.FileSystemDataset(fragments, _encode(self.schema.arrow, encoded), form, filesystem)
        frame = pl.DataFrame(dataset.to_table(columns=[*columns, "__fragment_index"]))
        positions = files[FILE].gather(frame["__fragment_index"])
        return frame.drop("__fragment_index").with_columns(positions.alias(FILE))

    def _read_whole(
        self, files: pl.DataFrame, columns: Sequence[str], encoded: Sequence[str]
    ) -> dict[int, pl.DataFrame]:
        """Fetch files whole, side by side, one request each; their rows by the position of the file."""
        import pyarrow.dataset as pads  # noqa: PLC0415  (as above)

        form = pads.ParquetFileFormat(dictionary_columns=set(encoded))
        schema = _encode(self.schema.arrow, encoded)
        frames = {}
        for batch in files.iter_slices(FETCHED_TOGETHER):
            paths = [self.storage.path("tables", self.schema.name, path) for path in batch["path"]]
            for position, content in zip(batch[FILE], self.storage.read_together(paths), strict=True):
                table = form.make_fragment(pa.BufferReader(content)).to_table(schema=schema, columns=list(columns))
                frames[position] = pl.DataFrame(table).with_columns(pl.lit(position, pl.UInt32).alias(FILE))
        return frames

    def _no_rows(self, columns: Sequence[str], encoded: Sequence[str]) -> pl.DataFrame:
        schema = _encode(self.schema.arrow, encoded)
        empty = pl.DataFrame(pa.schema([schema.field(name) for name in columns]).empty_table())
        return empty.with_columns(pl.lit(None, pl.UInt32).alias(FILE))

    def fence(self, application: str) -> int | None:
        return None if self._delta is None else self._delta.transaction_version(application)

    @property
    def takedowns(self) -> int:
        """How many tombstones have been carried out in this table."""
        return self.fence(TAKEDOWNS) or 0

    @property
    def purged_before(self) -> int:
        """Versions before this one hold what was taken down: maintenance keeps none of them."""
        return self.fence(PURGED_BEFORE) or 0

    def commit(self, actions: list[AddAction | RemoveAction], properties: CommitProperties) -> None:
        """Append actions to exactly this version, creating the table if it does not exist."""
        uri = self.storage.uri("tables", self.schema.name)
        delta_schema = Schema.from_arrow(self.schema.arrow)
        if self._delta is None:
            if self.storage.is_local:
                self.storage.filesystem.makedirs(uri, exist_ok=True)
            adds = [action for action in actions if isinstance(action, AddAction)]
            create_table_with_add_actions(
                uri,
                delta_schema,
                adds,
                mode="error",
                description=self.schema.description,
                configuration=_PROPERTIES,
                storage_options=self.storage.delta_options(),
                commit_properties=properties,
            )
            return
        self._delta.create_write_transaction(
            actions,
            "append",
            delta_schema,
            commit_properties=properties,
            post_commithook_properties=_KEEPING_THE_LOG,
        )

    def alter(self, columns: Sequence[str], properties: CommitProperties) -> None:
        """Add declared columns, or fields within them, that this version lacks, and bring its description up to date.

        Data files stay as they are: a column that a file lacks is read as null.
        """
        if self._delta is None:
            return
        declared = Schema.from_arrow(self.schema.arrow).fields
        fields = [field for field in declared if field.name in columns]
        if fields:
            self._delta.alter.add_columns(
                fields, commit_properties=properties, post_commithook_properties=_KEEPING_THE_LOG
            )
        if self.description != self.schema.description:
            self._delta.alter.set_table_description(
                self.schema.description, commit_properties=properties, post_commithook_properties=_KEEPING_THE_LOG
            )


def _encode(schema: pa.Schema, names: Sequence[str]) -> pa.Schema:
    """The schema with dictionaries in the place of the named string columns."""
    dictionary = pa.dictionary(pa.int32(), pa.string())
    return pa.schema([field.with_type(dictionary) if field.name in names else field for field in schema])
