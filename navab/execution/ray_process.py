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
from importlib import import_module
from multiprocessing.connection import Connection

import psutil

from navab.errors import NavabError, RayLostError
from navab.execution.local_ray import leave_actors_out, start_local_ray
from navab.execution.messages import Carry, Failed, Ready, Start, Stop, address_of
from navab.execution.processes import lives, name_of
from navab.execution.ray_data import carry, lacks_gpus
from navab.execution.reach import check_reach

WATCH_INTERVAL_S = 0.5
_HANDED_ON = 1000  # tables of a task that wait to be taken
_LIMITS_INTERVAL_S = 0.1
_KILLS = 20  # rounds, of a tenth of a second
_CORE_PROCESSES = ("raylet", "gcs_server")


def main() -> None:
    """Serve the driver: the arguments are the file descriptor of the pipe to it, and its process id."""
    connection = Connection(int(sys.argv[1]))
    guard = _Guard(int(sys.argv[2]))
    guard.start()
    # The driver looks for work meanwhile. In a thread, for Ray's start is mostly waiting.
    loading = threading.Thread(target=import_module, args=["ray.data"], daemon=True)
    loading.start()
    try:
        message = connection.recv()
    except EOFError:  # the driver found nothing to do, or is gone
        os._exit(RayLostError.exit_code)
    pool = None
    try:
        _start_ray(message, loading)
        connection.send(Ready())
        while not isinstance(request := connection.recv(), Stop):
            if isinstance(request, Carry):
                if pool is not None and lacks_gpus(request):
                    pool.end()  # it starts again when it is asked again
                if request.engine is not None:
                    from navab.execution.engine_pool import EnginePool  # noqa: PLC0415  (half a second to load)

                    pool = pool or EnginePool(request.engine, request.used)
                    pool.start()
                for written in carry(request, message, connection):
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


def _start_ray(message: Start, loading: threading.Thread) -> None:
    """Start Ray or connect to it while Ray Data is loading; raises ConfigurationError if it cannot share the lake."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray  # noqa: PLC0415  (the guard watches the driver before this takes its second or two)

    address = address_of(message.resources)
    try:
        if address:
            ray.init(address=address, logging_level=logging.WARNING, log_to_driver=False)
        else:
            start_local_ray(message.resources.num_cpus or os.cpu_count() or 1)
    except Exception as error:  # Ray raises a bare Exception when its processes do not come up in time
        raise RayLostError(f"Ray did not start: {' '.join(str(error).split())[:200]}") from error
    check_reach(message.storage, message.resources, ray.nodes())
    loading.join()
    _configure_ray_data()
    if not address:
        leave_actors_out()


def _configure_ray_data() -> None:
    """Ray Data as units need it: what they hand on are a few names of files, and all CPUs have work at once."""
    import ray.data  # noqa: PLC0415  (as in _start_ray)
    from ray.data._internal.execution.resource_manager import ResourceManager  # noqa: PLC0415

    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    # A worker's every table is handed on at once: the driver commits files while the unit is still running. It does
    # not wait until they are taken, which is up to half a second each time.
    context.target_max_block_size = 1
    context._max_num_blocks_in_streaming_gen_buffer = _HANDED_ON
    # Of how many CPUs there are Ray Data asks once a second; until then a step has one.
    ResourceManager.GLOBAL_LIMITS_UPDATE_INTERVAL_S = _LIMITS_INTERVAL_S
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)


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
