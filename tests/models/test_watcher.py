"""What must not outlive a process does not, even if it is killed."""

from __future__ import annotations

import subprocess
import sys
import time

import psutil
import pytest

from navab.models.watcher import Watcher
from tests.lakes import REPOSITORY

_PARENT = """
import subprocess, sys, psutil
from navab.models.watcher import Watcher
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
Watcher([psutil.Process(child.pid)])
print(child.pid, flush=True)
child.wait()
"""

_ENGINE = """
import asyncio, psutil
from navab.models.engines import make_engine
from navab.options.engine import EngineSection
from tests.models.smollm2 import SMOLLM2
async def run():
    await make_engine(EngineSection.model_validate(SMOLLM2)).start()
    print(*(one.pid for one in psutil.Process().children(recursive=True) if "EngineCore" in one.name()), flush=True)
    await asyncio.sleep(600)
if __name__ == "__main__":
    asyncio.run(run())
"""


def kill_when_started(code: str) -> list[psutil.Process]:
    """The processes that a program names on its first line of numbers, after it was killed."""
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=REPOSITORY)
    assert parent.stdout is not None
    line = next(line for line in parent.stdout if line.replace(" ", "").strip().isdigit())
    watched = [psutil.Process(int(pid)) for pid in line.split()]
    assert all(one.is_running() for one in watched)
    parent.kill()
    parent.wait()
    return watched


def are_gone(processes: list[psutil.Process], within_s: float = 30.0) -> bool:
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        if not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in processes):
            return True
        time.sleep(0.1)
    return False


def test_a_killed_process_takes_its_own_with_it() -> None:
    assert are_gone(kill_when_started(_PARENT))


def test_a_closed_watcher_ends_what_is_left() -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as child:
        Watcher([psutil.Process(child.pid)]).close()
        assert child.wait() == -9


def test_a_process_that_got_the_number_of_another_one_is_left_alone() -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as child:
        process = psutil.Process(child.pid)
        process._create_time = process.create_time() - 1000  # as if its number had been another's
        Watcher([process]).close()
        assert child.poll() is None
        child.kill()


@pytest.mark.models
def test_the_engine_process_of_vllm_does_not_outlive_its_parent() -> None:
    engines = kill_when_started(_ENGINE)
    assert engines
    assert are_gone(engines)
