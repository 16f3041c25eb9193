"""`navab run` as a process of its own: started, watched, killed with everything under it known."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import psutil

from navab.execution.processes import lives, name_of

REPOSITORY = Path(__file__).resolve().parents[2]
POLL_S = 0.2


class Run:
    """A running `navab run`; what it prints goes to a file."""

    def __init__(self, configuration: Path, log: Path, environment: Mapping[str, str]) -> None:
        self.log = log
        with log.open("ab") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "navab", "run", "--config", str(configuration)],
                cwd=REPOSITORY,
                env=os.environ | {"PYTHONPATH": str(REPOSITORY)} | dict(environment),
                stdout=file,
                stderr=file,
            )
        self.started = time.monotonic()
        self._family: dict[int, psutil.Process] = {}

    @property
    def code(self) -> int | None:
        """Exit code, None while it runs."""
        return self.process.poll()

    def wait(self, timeout_s: float) -> int | None:
        """Wait for its end; None if it has not ended within the limit."""
        try:
            return self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None

    def wait_until(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        """Wait until a condition holds; False if the run ends before, or the limit is reached."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if self.code is not None:
                return False
            if condition():
                return True
            time.sleep(POLL_S)
        return False

    def family(self) -> list[psutil.Process]:
        """All living processes under it; each one that was seen is remembered."""
        try:
            children = psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []
        self._family |= {child.pid: child for child in children}
        return [child for child in children if lives(child)]

    def named(self, *names: str) -> list[psutil.Process]:
        """Its processes whose name begins with one of the names."""
        return [child for child in self.family() if name_of(child).startswith(names)]

    def left_behind(self, patience_s: float) -> list[str]:
        """Names of an ended run's processes that still live after some patience."""
        deadline = time.monotonic() + patience_s
        while (living := [one for one in self._family.values() if lives(one)]) and time.monotonic() < deadline:
            time.sleep(POLL_S)
        return [f"{name_of(one)} ({one.pid})" for one in living]

    def end(self) -> None:
        """kill -9 of everything that is left of it."""
        family = self.family()
        self.process.kill()
        self.process.wait()
        for one in [*family, *self._family.values()]:
            if lives(one):
                one.kill()
