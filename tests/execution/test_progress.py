"""Progress: what a person reads while a run is under way."""

from __future__ import annotations

import io
import time

import pytest

from navab.execution.progress import Progress, duration


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that stands still until a test moves it."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_a_log_gets_a_line_every_few_seconds(clock: list[float]) -> None:
    out = io.StringIO()
    progress = Progress("articles", 1000, stream=out)
    for _ in range(10):
        clock[0] += 1
        progress.advance(50)
    lines = out.getvalue().splitlines()
    assert len(lines) == 2
    assert " ".join(lines[0].split()) == "articles 250 of 1,000 rows 25% 50/s 15 s left"
    assert " ".join(lines[1].split()) == "articles 500 of 1,000 rows 50% 50/s 10 s left"


def test_the_end_says_how_long_it_took(clock: list[float]) -> None:
    out = io.StringIO()
    progress = Progress("topics", 90, "files", stream=out)
    clock[0] += 90
    progress.advance(90)
    progress.finish()
    last = out.getvalue().splitlines()[-1]
    assert " ".join(last.split()) == "topics 90 of 90 files 100% 1/s done in 1 min 30 s"


def test_of_files_the_rate_is_that_of_their_records(clock: list[float]) -> None:
    out = io.StringIO()
    progress = Progress("articles", 4, "files", stream=out)
    clock[0] += 6
    progress.records = 3000
    progress.advance(2)
    (line,) = out.getvalue().splitlines()
    assert " ".join(line.split()) == "articles 2 of 4 files 50% 3,000 records 500/s 6 s left"


def test_a_terminal_gets_one_line_that_changes(clock: list[float]) -> None:
    out = Terminal()
    progress = Progress("topics", 100, stream=out)
    for _ in range(4):
        clock[0] += 0.25
        progress.advance(10)
    progress.finish()
    assert out.getvalue().count("\r") == 4
    assert out.getvalue().count("\n") == 1


def test_nothing_to_do_is_no_division_by_zero(clock: list[float]) -> None:
    out = io.StringIO()
    progress = Progress("topics", 0, stream=out)
    clock[0] += 6
    progress.advance(0)
    progress.finish()
    assert "100%" in out.getvalue()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59.4, "59 s"),
        (59.7, "1 min 00 s"),
        (61, "1 min 01 s"),
        (3600, "1 h 00 min"),
        (90061, "25 h 01 min"),
    ],
)
def testdurations(seconds: float, words: str) -> None:
    assert duration(seconds) == words
