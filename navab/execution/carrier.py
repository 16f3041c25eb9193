"""The carrier: units of work go through Ray Data, what comes back are the files they wrote.

One operator reads, computes and writes, so that nothing large passes through the object store and a pool of workers
can never starve the operator before it. File names derive from a unit's keys, the claim's epoch and the file's content:
a retried task writes the same files, no file is ever overwritten with another content, and no run writes a file that an
earlier one may have left for maintenance to delete. Ray runs in a process of its own (see
ray_process.py), which may die without taking the driver with it.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import sys
import time
from collections.abc import Iterator, Sequence

from navab.errors import RayLostError
from navab.execution.messages import Aside, Carry, Ready, Start, Surroundings, address_of
from navab.execution.ray_connection import RayConnection
from navab.execution.units import Written
from navab.lake.storage import Storage
from navab.lake.table import DataFile
from navab.models.budget import NOTHING_USED, Usage
from navab.options.engine import EngineSection
from navab.options.resources import ResourcesSection
from navab.secrets import masked
from navab.stages.base import Unit, Work

RESTARTS = 3  # of a local Ray, in a row without a finished unit between them
PAUSE_S = 5.0  # more before each but the first: a machine may have less to do later


class Carrier:
    """Runs units on Ray; Ray is loaded at once, and starts when the first unit comes: not at all if none does."""

    def __init__(
        self, storage: Storage, resources: ResourcesSection, epoch: int, ray: RayConnection | None = None
    ) -> None:
        """Units are run for the claim of an epoch; `ray` is a process that is loading Ray already, if there is one.

        Ray is told to stop when all went well, and the caller that passed `ray` ends it; else it is ended at once.
        """
        self._storage = storage
        self._epoch = epoch
        self._resources = resources
        self._ray = self._given = ray
        self._started = False  # told to start
        self._ready = False
        self._restarts = 0
        self._used = NOTHING_USED

    def __enter__(self) -> Carrier:
        with contextlib.suppress(OSError):  # whether it can start matters when there is a unit
            self._ray = self._ray or RayConnection()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._ray is None:
            return
        idle = self._ready and kind is None
        if idle:
            self._ray.stop()
        if not idle or self._ray is not self._given:
            self._ray.end()

    def carry(
        self, units: Sequence[Unit], work: Work, engine: EngineSection | None = None, gpus: float = 0.0
    ) -> Iterator[Written]:
        """Run `work` on every unit and yield files as they are written, in no particular order.

        `engine` is the model that the work asks, if any; it is started once and serves every later `carry`. `gpus` is
        what each worker holds, a fraction where several share one; such workers live until the units are done.
        Raises RayLostError if Ray ends before the units are done; `recover` tells whether to carry what is left.
        """
        ray = self._running()
        ray.send(Carry([pickle.dumps(unit) for unit in units], work, engine, gpus, self._used))
        while not isinstance(answer := ray.receive(), Ready):
            assert isinstance(answer, Written)
            if answer.file is None:
                self._restarts = 0
            else:
                self._count(answer.file)
            yield answer

    def carry_aside(self, unit: Unit, work: Work) -> None:
        """Have a small unit run beside those of the `carry` whose results are being read, which then has its as well.

        It is left out if that `carry` is as good as done.
        """
        self._running().send(Aside(unit, work))

    def start(self) -> None:
        """Have Ray start, or connect to it, unless that is done; `wait` waits for it."""
        if not self._started:
            self._ray = self._ray or RayConnection()
            print(self._greeting(), file=sys.stderr, flush=True)
            self._ray.send(Start(address_of(self._resources), self._num_cpus))
            self._ray.send(Surroundings(self._storage, self._resources, self._epoch))
            self._started = True

    @property
    def is_starting(self) -> bool:
        """Whether Ray has been told to start, and has not said yet how that went."""
        return self._started and not self._ready and self._ray is not None and not self._ray.has_answered()

    def wait(self) -> None:
        """Wait until Ray has started; raises ConfigurationError if it cannot share the lake."""
        self._running()

    def _running(self) -> RayConnection:
        self.start()
        assert self._ray is not None
        if not self._ready:
            self._ray.receive()
            self._ready = True
        return self._ray

    def recover(self, error: RayLostError) -> None:
        """Forget a Ray that was lost, so that the next units start another one.

        Raises the error if Ray is not this run's own, or was lost too often without a unit being finished between.
        """
        if self._ray is not None:
            self._ray.end(keep_log=True)
            self._ray, self._started, self._ready = None, False, False
        if (address := address_of(self._resources)) is not None:
            raise RayLostError(f"the Ray cluster at {address} failed: {error}; run the same command again")
        if self._restarts == RESTARTS:
            raise RayLostError(f"Ray failed {RESTARTS + 1} times in a row: {error}; run the same command again")
        self._restarts += 1
        said = masked(f"navab: {error}; starting Ray again ({self._restarts} of {RESTARTS})")
        print(said, file=sys.stderr, flush=True)
        time.sleep(PAUSE_S * (self._restarts - 1))

    def _count(self, file: DataFile) -> None:
        """Count the tokens of a file's answers, for an engine that starts again in another Ray."""
        tokens = dict(file.tokens)
        self._used += Usage(tokens.get("prompt", 0), tokens.get("output", 0))

    def _greeting(self) -> str:
        if address := address_of(self._resources):
            return f"connecting to Ray at {address}"
        return f"starting a local Ray on {self._num_cpus} logical CPUs"

    @property
    def _num_cpus(self) -> int:
        return self._resources.num_cpus or os.cpu_count() or 1
