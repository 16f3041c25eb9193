"""The process that runs Ray: takes units from the driver through a pipe and sends back what workers wrote.

Ray's own library ends its process when the raylet or the control store beside it is lost, without unwinding anything.
So it runs in a process of its own, started by the carrier: the driver, which holds the claim and commits, survives
and can start another one. This process ends at once when the driver or the local Ray is gone, and takes the local
Ray with it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import pickle
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from multiprocessing.connection import Connection
from typing import Any

import psutil
import pyarrow as pa

from navab.errors import NavabError, RayLostError
from navab.execution.processes import lives, name_of
from navab.execution.reach import check_reach
from navab.execution.units import Written
from navab.lake.storage import Storage
from navab.options.engine import EngineSection
from navab.options.resources import ResourcesSection
from navab.stages.base import Unit, Work

WATCH_INTERVAL_S = 0.5
WORKER_RETRIES = 5  # of one unit whose worker died; Ray Data alone would go on for ever
CPU_NODE = "cpu_node"  # custom resource of nodes without GPUs: where a cluster declares it, units stay on such nodes
WAITING_CPUS = 0.25  # of a unit that waits for a model's answers
HAND_ON_S = 1.0  # what a worker has written reaches the driver after so long, or with the end of a unit
TASKS_OF_A_CPU, MOST_UNITS = 4, 4  # of a task
_KILLS = 20  # rounds, of a tenth of a second
_CORE_PROCESSES = ("raylet", "gcs_server")


@dataclass(frozen=True, slots=True)
class Start:
    """The driver's first message."""

    storage: Storage
    resources: ResourcesSection
    epoch: int  # of the claim


@dataclass(frozen=True, slots=True)
class Carry:
    """The driver asks for units to be run."""

    units: Sequence[Unit]
    work: Work
    engine: EngineSection | None = None  # a model that the work asks


@dataclass(frozen=True, slots=True)
class Aside:
    """The driver asks for a unit to be run beside those of a `Carry`; left out if that is done before its turn."""

    unit: Unit
    work: Work


@dataclass(frozen=True, slots=True)
class Stop:
    """The driver is done."""


@dataclass(frozen=True, slots=True)
class Ready:
    """Ray runs, or all units of a `Carry` are done."""


@dataclass(frozen=True, slots=True)
class Failed:
    """What went wrong; its notes hold the traceback."""

    error: Exception


def main() -> None:
    """Serve the driver: the arguments are the file descriptor of the pipe to it, and its process id."""
    connection = Connection(int(sys.argv[1]))
    guard = _Guard(int(sys.argv[2]))
    guard.start()
    message = connection.recv()
    pool = None
    try:
        _start_ray(message)
        connection.send(Ready())
        while not isinstance(request := connection.recv(), Stop):
            if isinstance(request, Carry):
                if request.engine is not None and pool is None:
                    from navab.execution.engine_pool import EnginePool  # noqa: PLC0415  (half a second to load)

                    pool = EnginePool(request.engine)
                    pool.start()
                for written in _carry(request, message, connection):
                    connection.send_bytes(written)
                connection.send(Ready())
    except Exception as error:  # noqa: BLE001  (this end of the pipe: every error belongs to the driver)
        connection.send(Failed(_plain(error)))
    guard.stop()
    if pool is not None:
        pool.stop()
    if address_of(message.resources):
        import ray  # noqa: PLC0415  (as in _start_ray)

        ray.shutdown()
    else:
        end_session(os.getpid())  # nothing is left to do for the local Ray, whose own way to end takes two seconds
        os._exit(0)


def address_of(resources: ResourcesSection) -> str | None:
    """The address of the Ray cluster to join; null for a local Ray of this run's own."""
    return resources.address or os.environ.get("RAY_ADDRESS")


def _start_ray(message: Start) -> None:
    """Start Ray or connect to it; raises ConfigurationError if it cannot share the lake."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray  # noqa: PLC0415  (the guard watches the driver before this takes its second or two)

    loading = threading.Thread(target=import_module, args=["ray.data"], daemon=True)  # Ray's start is mostly waiting
    loading.start()
    address = address_of(message.resources)
    options = {"logging_level": logging.WARNING, "log_to_driver": False}
    if not address:
        options |= {
            "num_cpus": message.resources.num_cpus or os.cpu_count() or 1,
            "include_dashboard": False,
            "object_store_memory": 256 * 1024 * 1024,
        }
    try:
        ray.init(address=address or "local", **options)  # without an address Ray joins any cluster of this machine
    except Exception as error:  # Ray raises a bare Exception when its processes do not come up in time
        raise RayLostError(f"Ray did not start: {' '.join(str(error).split())[:200]}") from error
    check_reach(message.storage, message.resources, ray.nodes())
    loading.join()
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    # A worker's every table is handed on at once: the driver commits files while the unit is still running.
    context.target_max_block_size = 1
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)


def _carry(request: Carry, start: Start, connection: Connection) -> Iterator[bytes]:
    """Run units, and those that the driver asks for meanwhile; yields pickled `Written`, in no particular order."""
    import ray  # noqa: PLC0415

    items = [{"unit": pickle.dumps(unit)} for unit in request.units]
    run = _run_units(request.work, start.storage, start.epoch)
    tasks = -(-len(items) // _units_of_a_task(request))
    dataset = ray.data.from_items(items, override_num_blocks=tasks).map_batches(
        run,
        batch_size=1,
        batch_format="pyarrow",
        resources=_placement(),
        num_cpus=1 if request.engine is None else WAITING_CPUS,
        max_retries=WORKER_RETRIES,
    )
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
            running.append(aside.remote(one.unit, one.work, start.storage, start.epoch))
    for result in running:
        yield from ray.get(result)


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

    return [pickle.dumps(written) for written in run_unit(unit, work, storage, epoch)]


def _run_units(work: Work, storage: Storage, epoch: int) -> Callable[[pa.Table], Iterator[pa.Table]]:
    def run(batch: pa.Table) -> Iterator[pa.Table]:
        from navab.execution.units import run_unit  # noqa: PLC0415  (on the worker)

        for content in batch["unit"].to_pylist():
            yield from _handed_on(run_unit(pickle.loads(content), work, storage, epoch))

    return run


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


class _Guard(threading.Thread):
    """Ends this process and the local Ray when the driver, the raylet or the control store is gone."""

    def __init__(self, driver: int) -> None:
        super().__init__(name="guard", daemon=True)
        self._driver = driver  # may be gone already: imports take a second
        self._core: list[psutil.Process] = []
        self._stopped = threading.Event()

    def stop(self) -> None:
        self._stopped.set()

    def run(self) -> None:
        while not self._stopped.wait(WATCH_INTERVAL_S):
            if len(self._core) < len(_CORE_PROCESSES):
                self._core = [child for child in psutil.Process().children() if name_of(child) in _CORE_PROCESSES]
            if os.getppid() == self._driver and all(lives(process) for process in self._core):
                continue
            end_session(os.getpid())
            os._exit(RayLostError.exit_code)


def end_session(leader: int) -> None:
    """Kill -9 of the other processes of a session, again and again: the raylet may start a worker meanwhile."""
    for _ in range(_KILLS):
        members = [process for process in psutil.process_iter() if _session(process.pid) == leader]
        living = [process for process in members if process.pid != os.getpid() and lives(process)]
        if not living:
            return
        for process in living:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        time.sleep(0.1)


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except OSError:
        return None


def _plain(error: Exception) -> Exception:
    """The error as the driver should raise it: what the work raised as it is, a failure of Ray as RayLostError."""
    import ray.exceptions  # noqa: PLC0415

    plain = _innermost(error)
    if isinstance(plain, ray.exceptions.RayError):
        plain = RayLostError(f"{type(plain).__name__}: {' '.join(str(plain).split())[:200]}")
    try:
        pickle.loads(pickle.dumps(plain))
    except Exception:  # noqa: BLE001  (anything may happen in a foreign error's __reduce__)
        plain = RuntimeError(f"{type(plain).__name__}: {plain}")
    plain.add_note("".join(traceback.format_exception(error)))
    return plain


def _innermost(error: Exception) -> Exception:
    """What stands behind Ray's wrappers: navab's own error if there is one, else what the work raised."""
    import ray.exceptions  # noqa: PLC0415

    behind: list[Exception] = []
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, Exception) and not isinstance(cause, ray.exceptions.RayError):
            behind.append(cause)
        cause = getattr(cause, "cause", None) or cause.__cause__
    own = [one for one in behind if isinstance(one, NavabError)]
    return next(iter([*own, *behind]), error)
