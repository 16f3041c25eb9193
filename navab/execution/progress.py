"""Progress of long work: stage, rows, rate and time left, on a terminal and in a log file alike."""

from __future__ import annotations

import sys
import time
from typing import TextIO


class Progress:
    """Reports the progress of one step; a line every few seconds, or one line that changes on a terminal."""

    INTERVAL_S = 5.0

    def __init__(self, label: str, total: int, what: str = "rows", stream: TextIO | None = None) -> None:
        self._label = label
        self._total = total
        self._what = what
        self._stream = stream or sys.stderr
        self._terminal = self._stream.isatty()
        self._started = time.monotonic()
        self._shown = self._started
        self.done = 0
        self.records: int | None = None  # in files that were read: the rate that people want
        self.note = ""

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started

    def advance(self, rows: int) -> None:
        self.done += rows
        now = time.monotonic()
        interval = 0.2 if self._terminal else self.INTERVAL_S
        if now - self._shown >= interval:
            self._shown = now
            self._show(end="\r" if self._terminal else "\n")

    def finish(self) -> None:
        self._show(end="\n", finished=True)

    def _show(self, end: str, finished: bool = False) -> None:
        rate = self.done / max(self.seconds, 1e-6)
        share = f"{100 * self.done / self._total:3.0f}%" if self._total else "100%"
        line = f"{self._label:<16} {self.done:>10,} of {self._total:,} {self._what} {share}"
        if self.records is None:
            line += f"  {rate:,.0f}/s"
        else:
            line += f"  {self.records:,} records  {self.records / max(self.seconds, 1e-6):,.0f}/s"
        if self.note:
            line += f"  {self.note}"
        if finished:
            line += f"  done in {duration(self.seconds)}"
        elif 0 < self.done < self._total:
            line += f"  {duration((self._total - self.done) / rate)} left"
        padding = " " * 8 if self._terminal else ""
        print(line + padding, end=end, file=self._stream, flush=True)


def duration(seconds: float) -> str:
    """A time as people read it: 12 s, 3 min 05 s, 2 h 10 min."""
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"
