"""Appending without the lake's claim: for tables that many processes add to, each rows of runs of its own.

Appends of different runs never conflict. Two processes that work on the same run do: every commit carries the run's
name as Delta's application transaction, so that of two made from the same version one is refused, and then looks at
what the other one has written before it tries again.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence

from deltalake.exceptions import DeltaError
from deltalake.transaction import CommitProperties, Transaction

from navab.errors import StorageError
from navab.lake.failures import explain
from navab.lake.snapshot import TableSnapshot
from navab.lake.table import DataFile, LakeTable

_TRIES = 30
_REBASES = 15  # over commits of other runs, by Delta itself

Write = Callable[[TableSnapshot], Sequence[DataFile]]


def append(table: LakeTable, run: str, write: Write) -> int:
    """Append what `write` makes of the latest version, and return how many rows were added.

    `write` is called again if another process has committed to the same run meanwhile: it writes data files with what
    the version that it is given does not have yet, and returns none if there is nothing left. Raises StorageError.
    """
    application = f"navab-run/{run}"
    for attempt in range(_TRIES):
        snapshot = table.snapshot()
        files = write(snapshot)
        if not files:
            return 0
        number = (snapshot.fence(application) or 0) + 1
        # Delta makes a table a second time, over the first, if it may try again.
        rebases = _REBASES if snapshot.version >= 0 else 0
        properties = CommitProperties(app_transactions=[Transaction(application, number)], max_commit_retries=rebases)
        try:
            snapshot.commit([file.action() for file in files], properties)
        except (DeltaError, OSError) as error:
            # Somebody else was first, or the store's answer got lost: the next version tells.
            if table.snapshot().version == snapshot.version and attempt >= 2:
                raise StorageError(f"cannot commit to table {table.schema.name}: {explain(error)}") from error
            time.sleep(random.uniform(0.02, 0.2))
            continue
        return sum(file.rows for file in files)
    raise StorageError(f"cannot commit to table {table.schema.name}: others keep writing to it; run the command again")
