"""Ask again where deltalake does not: a listing of the log whose answer broke off fails at once, whatever its retries.

(object_store 0.12 sends requests again that got no answer or a 5xx, and fetches broken objects anew, but not listings.)
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from deltalake.exceptions import DeltaError

from navab.errors import StorageError
from navab.lake.failures import is_passing

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 5.0

Result = TypeVar("Result")


def patiently(retry_s: float, action: Callable[[], Result]) -> Result:
    """The result of an action that may be repeated, asked for again for `retry_s` seconds if the connection broke off.

    Raises what the last attempt raised.
    """
    patient_until = time.monotonic() + retry_s
    pause = _FIRST_PAUSE_S
    while True:
        try:
            return action()
        except (StorageError, DeltaError, OSError) as error:
            if not is_passing(error) or time.monotonic() >= patient_until:
                raise
        time.sleep(pause * random.uniform(0.5, 1.0))
        pause = min(2 * pause, _LONGEST_PAUSE_S)
