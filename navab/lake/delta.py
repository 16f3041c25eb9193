"""Opening Delta tables of a lake."""

from __future__ import annotations

from deltalake import DeltaTable

from navab.lake.patience import patiently
from navab.lake.storage import Storage


def open_delta(storage: Storage, table: str, version: int | None = None) -> DeltaTable:
    """Open a version of a table, the latest by default, with the credentials of this moment.

    Raises deltalake's errors, TableNotFoundError if there is no table.
    """
    uri = storage.uri("tables", table)
    return patiently(
        storage.options.retry_s,
        lambda: DeltaTable(uri, version, storage_options=storage.delta_options() or None),
    )
