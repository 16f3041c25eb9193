"""Processes that must not outlive this one: a small watcher ends them, whatever ended this one, SIGKILL included."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable

import psutil

# Reading ends when the other end of the pipe is closed, and the kernel closes it for a process that is gone.
_WATCH = """
import sys
import psutil
sys.stdin.buffer.read()
for word in sys.argv[1:]:
    pid, _, started = word.partition(":")
    try:
        process = psutil.Process(int(pid))
        if repr(process.create_time()) == started:  # not another one that got its number
            process.kill()
    except psutil.NoSuchProcess:
        pass
"""


class Watcher:
    """Ends some processes as soon as this one is gone, or when it is closed."""

    def __init__(self, processes: Iterable[psutil.Process]) -> None:
        words = [f"{process.pid}:{process.create_time()!r}" for process in processes]
        self._process = subprocess.Popen(
            [sys.executable, "-c", _WATCH, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C ends us, and then it has work to do
        )

    def close(self) -> None:
        """End what is left of the processes, and the watcher."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()
