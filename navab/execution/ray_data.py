"""Units through Ray Data: tasks on CPUs, or actors on GPUs, and what they wrote comes back as it is written."""

from __future__ import annotations

import gc
import pickle
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from functools import cache
from multiprocessing.connection import Connection
from typing import Any

import pyarrow as pa

from navab.errors import ConfigurationError, NavabError
from navab.execution.messages import Aside, Carry, Failed, Surroundings, address_of
from navab.execution.units import Written
from navab.lake.storage import Storage
from navab.stages.base import Unit, Work

WORKER_RETRIES = 5  # of one unit whose worker died; Ray Data alone would go on for ever
CPU_NODE = "cpu_node"  # custom resource of nodes without GPUs: where a cluster declares it, units stay on such nodes
WAITING_CPUS = 0.25  # of a unit that waits for a model's answers
HAND_ON_S = 1.0  # what a worker has written reaches the driver after so long, or with the end of a unit
TASKS_OF_A_CPU, MOST_UNITS = 4, 4  # of a task
Run = Callable[[pa.Table], Iterator[pa.Table]]


def carry(request: Carry, surroundings: Surroundings, connection: Connection) -> Iterator[bytes]:
    """Run units, and those that the driver asks for meanwhile; yields pickled `Written`, in no particular order."""
    import ray  # noqa: PLC0415

    run = _run_units(request.work, surroundings.storage, surroundings.epoch)
    dataset = _on_gpus(request, run, surroundings) if request.gpus else _on_cpus(request, run)
    # They take no CPU of the units': those may hold all of them until they are done. Each that runs at a time needs a
    # worker process of its own, whose imports take seconds.
    aside = ray.remote(num_cpus=0, resources=_placement(), max_retries=WORKER_RETRIES)(_run_aside)
    asked: deque[Aside] = deque()
    running: list[Any] = []
    for row in dataset.iter_rows():
        yield row["written"]
        while connection.poll():
            asked.append(connection.recv())
        if running and ray.wait(running, timeout=0)[0]:
            yield from ray.get(running.pop())
        if asked and not running:
            one = asked.popleft()
            running.append(aside.remote(one.unit, one.work, surroundings.storage, surroundings.epoch))
    for result in running:
        yield from ray.get(result)


def lacks_gpus(request: Carry) -> bool:
    """Whether no worker of a request could start now, for want of a GPU that nobody holds."""
    import ray  # noqa: PLC0415

    return bool(ray.available_resources().get("GPU", 0) < request.gpus)


def _on_cpus(request: Carry, run: Run) -> Any:
    """The dataset of what tasks write, a few units each."""
    return _units_in(request, -(-len(request.units) // _units_of_a_task(request))).map_batches(
        run,
        batch_size=1,
        batch_format="pyarrow",
        resources=_placement(),
        num_cpus=1 if request.engine is None else WAITING_CPUS,
        max_retries=WORKER_RETRIES,
    )


def _on_gpus(request: Carry, run: Run, surroundings: Surroundings) -> Any:
    """The dataset of what actors write, as many of them as GPUs hold: a task would load its model for every few units.

    Raises ConfigurationError if there is no GPU and never will be: a cluster may add one.
    """
    import ray  # noqa: PLC0415

    if address_of(surroundings.resources) is None and ray.cluster_resources().get("GPU", 0) < request.gpus:
        raise ConfigurationError(
            f"embedder.gpus is {request.gpus}, but this machine has no GPU: set it to 0, or join a cluster with GPUs"
        )
    return _units_in(request, len(request.units)).map_batches(
        _Actor,
        fn_constructor_args=(run,),
        compute=ray.data.ActorPoolStrategy(min_size=1),
        batch_size=1,
        batch_format="pyarrow",
        num_cpus=1,
        num_gpus=request.gpus,
        max_task_retries=WORKER_RETRIES,
    )


def _units_in(request: Carry, tasks: int) -> Any:
    """The dataset of a request's units, divided into so many tasks."""
    import ray  # noqa: PLC0415

    return ray.data.from_items([{"unit": unit} for unit in request.units], override_num_blocks=tasks)


class _Actor:
    """Runs units one after the other, in a process that keeps what they load."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def __call__(self, batch: pa.Table) -> Iterator[pa.Table]:
        yield from self._run(batch)


def _units_of_a_task(request: Carry) -> int:
    """How many units a worker does one after the other: between tasks it waits for Ray Data.

    Tasks are still many for each CPU, so that none has to wait long for the last one. Units that wait for a model are
    tasks of their own.
    """
    import ray  # noqa: PLC0415

    if request.engine is not None:
        return 1
    fair = len(request.units) // (TASKS_OF_A_CPU * max(int(ray.cluster_resources().get("CPU", 1)), 1))
    return min(max(fair, 1), MOST_UNITS)


def _placement() -> dict[str, float]:
    """What keeps a unit off GPU machines: a little of what only other nodes have, too little to count."""
    import ray  # noqa: PLC0415

    return {CPU_NODE: 0.001} if CPU_NODE in ray.cluster_resources() else {}


def _run_aside(unit: Unit, work: Work, storage: Storage, epoch: int) -> list[bytes]:
    from navab.execution.units import run_unit  # noqa: PLC0415  (on the worker)

    _keep_what_is_loaded()
    return [pickle.dumps(written) for written in run_unit(unit, work, storage, epoch)]


def _run_units(work: Work, storage: Storage, epoch: int) -> Run:
    def run(batch: pa.Table) -> Iterator[pa.Table]:
        from navab.execution.units import run_unit  # noqa: PLC0415  (on the worker)

        _keep_what_is_loaded()
        for content in batch["unit"].to_pylist():
            yield from _handed_on(run_unit(pickle.loads(content), work, storage, epoch))

    return run


@cache
def _keep_what_is_loaded() -> None:
    """Have the garbage collector pass over what a worker has imported: it took a tenth of the reading of articles."""
    gc.freeze()


def _handed_on(results: Iterator[Written]) -> Iterator[pa.Table]:
    """Results of a unit, pickled, as soon as some are old enough; Ray Data takes a tenth of a second over a table."""
    waiting: list[bytes] = []
    last = time.monotonic()
    try:
        for written in results:
            waiting.append(pickle.dumps(written))
            if time.monotonic() - last >= HAND_ON_S:
                yield pa.table({"written": waiting})
                waiting, last = [], time.monotonic()
    except (NavabError, OSError) as error:  # as a value: Ray would add advice of its own to the message
        error.add_note(traceback.format_exc())
        waiting.append(pickle.dumps(Failed(error)))
    if waiting:
        yield pa.table({"written": waiting})
