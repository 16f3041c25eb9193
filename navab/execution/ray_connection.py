"""The driver's connection to the process that runs Ray.

This loads nothing that takes long: the process can be started before the driver itself is loaded.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import subprocess
import sys
import tempfile
from multiprocessing import Pipe
from pathlib import Path
from typing import NoReturn

from navab.errors import RayLostError
from navab.execution.messages import Failed, Stop
from navab.execution.ray_logs import last_words, session_logs
from navab.execution.ray_process import end_session

STOP_TIMEOUT_S = 20.0
_SERVE = "from navab.execution.ray_process import main; main()"


class RayConnection:
    """The driver's end of the pipe to the process that runs Ray, which loads it and waits to be told how to start.

    Raises OSError if the process cannot be started. As a context it ends the process.
    """

    def __init__(self) -> None:
        self._pipe, theirs = Pipe()
        self._stopping = False
        self._log = Path(tempfile.gettempdir()) / f"navab-ray-{os.getpid()}.log"
        package = str(Path(__file__).resolve().parents[2])
        paths = [package, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _SERVE, str(theirs.fileno()), str(os.getpid())],
                env=os.environ | {"PYTHONPATH": os.pathsep.join(dict.fromkeys(paths))},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # Ctrl-C is the driver's: it commits first
            )
        theirs.close()

    def __enter__(self) -> RayConnection:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def send(self, message: object) -> None:
        try:
            self._pipe.send(message)
        except OSError:
            self._raise_lost()

    def has_answered(self) -> bool:
        """Whether there is a message, or nobody to send one."""
        return self._pipe.poll()

    def receive(self) -> object:
        """The next message; raises what went wrong on the other side, RayLostError if nobody is there."""
        try:
            message = pickle.loads(self._pipe.recv_bytes())
        except (EOFError, OSError):
            self._raise_lost()
        if isinstance(message, Failed):
            raise message.error
        return message

    def stop(self) -> None:
        """Ask the process, which waits for work, to end Ray and itself; `end` gives it the time."""
        with contextlib.suppress(OSError):
            self._pipe.send(Stop())
            self._stopping = True

    def end(self, *, keep_log: bool = False) -> None:
        """End the process and the local Ray under it, once."""
        if self._pipe.closed:
            return
        if self._stopping:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_TIMEOUT_S)
        self._process.kill()
        end_session(self._process.pid)
        self._process.wait()
        self._pipe.close()
        if not keep_log:
            self._log.unlink(missing_ok=True)

    def _raise_lost(self) -> NoReturn:
        logs = session_logs(self._process.pid)
        why = last_words(logs) if logs is not None else None
        raise RayLostError(f"Ray ended unexpectedly{': ' + why if why else ''} (its logs: {logs or self._log})")
