"""Opening Delta tables of a lake."""

from __future__ import annotations

import re

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError

from navab.lake.patience import patiently
from navab.lake.storage import Storage

_LISTINGS = 5
_LOG_FILE_GONE = re.compile(r"not found.*_delta_log/\d|_delta_log/\d.*not found", re.IGNORECASE | re.DOTALL)


def open_delta(storage: Storage, table: str, version: int | None = None) -> DeltaTable:
    """Open a version of a table, the latest by default, with the credentials of this moment.

    Whoever reads holds no claim, so `navab maintain` may trim the log between its listing and its reading: then it is
    listed anew. Raises deltalake's errors, TableNotFoundError if there is no table.
    """
    for _ in range(_LISTINGS - 1):
        try:
            return _open(storage, table, version)
        except TableNotFoundError:
            raise
        except (DeltaError, OSError) as error:
            if not _LOG_FILE_GONE.search(str(error)):
                raise
    return _open(storage, table, version)


def _open(storage: Storage, table: str, version: int | None) -> DeltaTable:
    uri = storage.uri("tables", table)
    return patiently(
        storage.options.retry_s,
        lambda: DeltaTable(uri, version, storage_options=storage.delta_options() or None),
    )
