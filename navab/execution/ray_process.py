"""The process that runs Ray: starts it, and serves the driver through a pipe (serving.py).

Ray's own library ends its process when the raylet or the control store beside it is lost, without unwinding anything.
So it runs in a process of its own (started by ray_connection.py): the driver, which holds the claim and commits,
survives and can start another one. This process ends at once when the driver or the local Ray is gone, and takes the
local Ray with it. Ray's start is mostly waiting: all else is imported meanwhile.
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
from navab.execution.loading import collector_at_rest
from navab.execution.local_ray import start_local_ray
from navab.execution.messages import Failed, Start
from navab.execution.processes import lives, name_of

WATCH_INTERVAL_S = 0.5
_KILLS = 20  # rounds, of a tenth of a second
_CORE_PROCESSES = ("raylet", "gcs_server")


def main() -> None:
    """Serve the driver: the arguments are the file descriptor of the pipe to it, and its process id."""
    connection = Connection(int(sys.argv[1]))
    guard = _Guard(int(sys.argv[2]))
    guard.start()
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    with collector_at_rest():
        import ray  # noqa: PLC0415  (the guard watches the driver before this takes its second or two)

    loading = threading.Thread(target=_load_serving, daemon=True)
    loading.start()
    try:
        start = connection.recv()
    except EOFError:  # the driver found nothing to do, or is gone
        os._exit(RayLostError.exit_code)
    assert isinstance(start, Start)
    try:
        _start_ray(start)
        loading.join()
        from navab.execution.serving import serve  # noqa: PLC0415  (as in _load_serving)

        serve(connection, local=start.address is None)
    except Exception as error:  # noqa: BLE001  (this end of the pipe: every error belongs to the driver)
        connection.send(Failed(_plain(error)))
    guard.stop()
    if start.address:
        ray.shutdown()
    else:
        end_session(os.getpid())  # nothing is left to do for the local Ray, whose own way to end takes two seconds
        os._exit(0)


def _load_serving() -> None:
    """Import what serving needs, while Ray starts."""
    with contextlib.suppress(ImportError), collector_at_rest():  # raised again, to the driver, where it is needed
        for name in ("ray.data", "navab.execution.serving"):
            import_module(name)


def _start_ray(start: Start) -> None:
    """Start Ray or connect to it."""
    import ray  # noqa: PLC0415  (as in main)

    try:
        if start.address:
            ray.init(address=start.address, logging_level=logging.WARNING, log_to_driver=False)
        else:
            start_local_ray(start.num_cpus)
    except Exception as error:  # Ray raises a bare Exception when its processes do not come up in time
        raise RayLostError(f"Ray did not start: {' '.join(str(error).split())[:200]}") from error


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
