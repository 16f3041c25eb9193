"""The carrier: units of work go through Ray Data, what comes back are the files they wrote.

One operator reads, computes and writes, so that nothing large passes through the object store and a pool of workers
can never starve the operator before it. File names derive from a unit's keys and the file's content: a retried task
writes the same files, and no file is ever overwritten with another content.
"""

from __future__ import annotations

import contextlib
import logging
import os
import pickle
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
import pyarrow as pa
import xxhash

from navab.configuration import ResourcesSection
from navab.errors import ConfigurationError, NavabError
from navab.lake.storage import Storage, encode_parquet
from navab.lake.table import DataFile
from navab.stages.base import Output, Unit, Work


@dataclass(frozen=True, slots=True)
class Written:
    """A file that a worker wrote, or (with no file) the end of a unit."""

    unit: str
    file: DataFile | None
    pending_rows: int = 0


class Carrier:
    """Runs units on Ray; Ray starts when the first unit comes, and not at all if none does."""

    def __init__(self, storage: Storage, resources: ResourcesSection) -> None:
        self._storage = storage
        self._resources = resources
        self._started = False

    def __enter__(self) -> Carrier:
        return self

    def __exit__(self, *_: object) -> None:
        if self._started:
            import ray  # noqa: PLC0415

            ray.shutdown()

    def carry(self, units: Sequence[Unit], work: Work) -> Iterator[Written]:
        """Run `work` on every unit and yield files as they are written, in no particular order."""
        self.start()
        import ray  # noqa: PLC0415  (importing Ray takes a second that `navab --help` should not)

        items = [{"unit": pickle.dumps(unit)} for unit in units]
        dataset = ray.data.from_items(items, override_num_blocks=len(items)).map_batches(
            _run_units(work, self._storage), batch_size=1, batch_format="pyarrow"
        )
        with _plain_errors():
            for row in dataset.iter_rows():
                yield pickle.loads(row["written"])

    def start(self) -> None:
        """Start Ray, or connect to it, unless that is done; raises ConfigurationError if it cannot share the lake."""
        if self._started:
            return
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        import ray  # noqa: PLC0415

        address = self._resources.address or os.environ.get("RAY_ADDRESS")
        if ray.is_initialized():
            pass
        elif address:
            print(f"connecting to Ray at {address}", file=sys.stderr, flush=True)
            ray.init(address=address, logging_level=logging.WARNING, log_to_driver=False)
        else:
            cpus = self._resources.num_cpus or os.cpu_count() or 1
            print(f"starting a local Ray on {cpus} logical CPUs", file=sys.stderr, flush=True)
            ray.init(
                num_cpus=cpus,
                include_dashboard=False,
                logging_level=logging.WARNING,
                log_to_driver=False,
                object_store_memory=256 * 1024 * 1024,
            )
        nodes = sum(node["Alive"] for node in ray.nodes())
        if nodes > 1 and self._storage.is_local and not self._resources.shared_filesystem:
            raise ConfigurationError(
                f"lake {self._storage.root} is a local folder, but the Ray cluster has {nodes} nodes: use an s3:// "
                "lake, or --set resources.shared_filesystem=true if all nodes see that folder"
            )
        _configure(ray.data)
        self._started = True


def _configure(ray_data: Any) -> None:
    context = ray_data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    # A worker's every row is handed on at once: the driver commits files while the unit is still running.
    context.target_max_block_size = 1
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)


def _run_units(work: Work, storage: Storage) -> Callable[[pa.Table], Iterator[pa.Table]]:
    def run(batch: pa.Table) -> Iterator[pa.Table]:
        for content in batch["unit"].to_pylist():
            unit = pickle.loads(content)
            for written in run_unit(unit, work, storage):
                yield pa.table({"written": [pickle.dumps(written)]})

    return run


def run_unit(unit: Unit, work: Work, storage: Storage) -> Iterator[Written]:
    """Run one unit here and now: write its files, one nation each, and say so."""
    parts: dict[str, int] = {}
    for output in work(unit, storage):
        part = parts[output.table] = parts.get(output.table, -1) + 1
        for file in write_output(output, f"{unit.name}-{part:05d}", storage):
            yield Written(unit.name, file)
    yield Written(unit.name, None, unit.rows)


def write_output(output: Output, name: str, storage: Storage) -> Iterator[DataFile]:
    """Write the rows of an output, one file a nation."""
    rows = pl.DataFrame(output.rows)
    for (nation,), _ in rows.select("nation").group_by("nation", maintain_order=True):
        mask = rows["nation"].eq_missing(nation)
        table = output.rows.filter(pa.array(mask.to_list()))
        content = encode_parquet(table)
        path = f"{nation or 'none'}/{name}-{xxhash.xxh3_64_hexdigest(content)}.parquet"
        storage.write_bytes(storage.path("tables", output.table, path), content)
        yield DataFile(output.table, path, table.num_rows, len(content), None if nation is None else str(nation))


@contextlib.contextmanager
def _plain_errors() -> Iterator[None]:
    """Re-raise an error that navab raised on a worker as what it is."""
    try:
        yield
    except Exception as error:
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, NavabError):
                raise type(cause)(str(cause.args[0]) if cause.args else str(cause)) from error
            cause = getattr(cause, "cause", None) or cause.__cause__
        raise
