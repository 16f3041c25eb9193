"""Figures of benchmarks: the memory that processes take, and a line that holds a figure beside its limit."""

from __future__ import annotations

import threading
from types import TracebackType

import psutil


class PeakMemory(threading.Thread):
    """Samples the proportional set size of a process and all its descendants while a `with` block runs, in bytes."""

    def __init__(self, pid: int, interval_s: float = 1.0) -> None:
        super().__init__(daemon=True)
        self._root = psutil.Process(pid)
        self._interval_s = interval_s
        self._ended = threading.Event()
        self.peak = 0

    def __enter__(self) -> PeakMemory:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self.join()

    def run(self) -> None:
        while not self._ended.wait(self._interval_s):
            self.peak = max(self.peak, self._now())

    def _now(self) -> int:
        total = 0
        try:
            family = [self._root, *self._root.children(recursive=True)]
        except psutil.NoSuchProcess:
            return 0
        for process in family:
            try:
                total += process.memory_full_info().pss
            except psutil.NoSuchProcess:
                continue
        return total


def line(name: str, value: float, limit: float, *, least: bool = False) -> bool:
    """Print a figure, its limit and their ratio; whether it is within the limit."""
    holds = value >= limit if least else value <= limit
    verdict = "holds" if holds else "FAILS"
    bound = "at least" if least else "at most"
    print(f"{name:<52} {value:>12,.3f}  {bound} {limit:>10,.3f}  ratio {value / limit:6.3f}  {verdict}", flush=True)
    return holds
