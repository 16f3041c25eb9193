"""Ray in its own process: what comes back from workers, and what happens when Ray dies under them."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import psutil
import pytest

from navab.errors import ConfigurationError, EngineError, RayLostError
from navab.execution.carrier import RESTARTS, Carrier
from navab.execution.processes import lives
from navab.execution.ray_connection import RayConnection
from navab.execution.ray_process import end_session
from navab.lake.storage import Storage
from navab.options.resources import ResourcesSection
from navab.stages.base import Output, Unit

UNITS = [Unit(name, "cn", pl.DataFrame({"article_id": [1], "fingerprint": [1]})) for name in ("one", "two")]


@dataclass(frozen=True)
class Nothing:
    """Work that writes nothing."""

    def __call__(self, unit: Unit, storage: Storage) -> Iterator[Output]:
        yield from ()


@dataclass(frozen=True)
class NoModel:
    """Work that fails as navab fails."""

    def __call__(self, unit: Unit, storage: Storage) -> Iterator[Output]:
        raise EngineError(f"no model for {unit.name}")


@dataclass(frozen=True)
class KillRaylet:
    """Work that ends the raylet, which is the parent of the worker."""

    def __call__(self, unit: Unit, storage: Storage) -> Iterator[Output]:
        os.kill(os.getppid(), signal.SIGKILL)
        yield from ()


def test_ray_may_die_and_is_started_again(tmp_path: Path) -> None:
    with Carrier(Storage(str(tmp_path)), ResourcesSection(num_cpus=1), 1) as carrier:
        with pytest.raises(RayLostError, match="ended unexpectedly") as lost:
            list(carrier.carry(UNITS, KillRaylet()))
        carrier.recover(lost.value)
        assert sorted(done.unit for done in carrier.carry(UNITS, Nothing())) == ["one", "two"]
        with pytest.raises(EngineError) as failed:
            list(carrier.carry(UNITS, NoModel()))
        assert str(failed.value) in ("no model for one", "no model for two")  # and nothing of Ray's


def test_the_driver_need_not_wait_for_ray(tmp_path: Path) -> None:
    with Carrier(Storage(str(tmp_path)), ResourcesSection(num_cpus=1), 1) as carrier:
        assert not carrier.is_starting, "nothing has asked for it"
        carrier.start()
        assert carrier.is_starting
        carrier.wait()
        assert not carrier.is_starting


@pytest.mark.parametrize("seconds", [0.0, 1.0])
def test_a_driver_that_ends_while_ray_starts_leaves_nothing(seconds: float, tmp_path: Path) -> None:
    before = {child.pid for child in psutil.Process().children()}
    with Carrier(Storage(str(tmp_path)), ResourcesSection(num_cpus=1), 1) as carrier:
        carrier.start()
        time.sleep(seconds)
        (leader,) = {child.pid for child in psutil.Process().children()} - before
    assert _living(leader) == []


def test_a_connection_ends_its_process_and_may_be_ended_twice() -> None:
    before = {child.pid for child in psutil.Process().children()}
    with RayConnection() as ray:
        (leader,) = {child.pid for child in psutil.Process().children()} - before
        ray.end()
    assert _living(leader) == []


def test_a_carrier_takes_the_process_that_is_loading_ray_and_tells_it_to_stop(tmp_path: Path) -> None:
    others = {child.pid for child in psutil.Process().children()}
    with RayConnection() as ray:
        before = {child.pid for child in psutil.Process().children()}
        (leader,) = before - others
        with Carrier(Storage(str(tmp_path)), ResourcesSection(num_cpus=1), 1, ray) as carrier:
            assert sorted(done.unit for done in carrier.carry(UNITS, Nothing())) == ["one", "two"]
            assert {child.pid for child in psutil.Process().children()} == before
        psutil.Process(leader).wait(20)
    assert _living(leader) == []


def test_a_carrier_that_fails_ends_the_process_at_once(tmp_path: Path) -> None:
    others = {child.pid for child in psutil.Process().children()}
    with RayConnection() as ray:
        (leader,) = {child.pid for child in psutil.Process().children()} - others
        storage, resources = Storage(str(tmp_path)), ResourcesSection(num_cpus=1)
        with pytest.raises(KeyError), Carrier(storage, resources, 1, ray) as carrier:
            assert next(iter(carrier.carry(UNITS, Nothing())))
            raise KeyError
        assert _living(leader) == []


@pytest.mark.skipif(Path("/dev/nvidia0").exists(), reason="this machine has a GPU")
def test_a_gpu_that_will_never_come_is_one_line(tmp_path: Path) -> None:
    none = pytest.raises(ConfigurationError, match=r"embedder.gpus is 0.5, but this machine has no GPU: set it to 0")
    with Carrier(Storage(str(tmp_path)), ResourcesSection(num_cpus=1), 1) as carrier, none:
        list(carrier.carry(UNITS, Nothing(), gpus=0.5))


def test_nothing_of_a_session_lives_on() -> None:
    """A shell that starts processes without end: all of them end."""
    shell = subprocess.Popen(["sh", "-c", "while true; do sleep 60 & sleep 0.01; done"], start_new_session=True)
    time.sleep(0.2)
    end_session(shell.pid)
    assert shell.wait() == -signal.SIGKILL
    assert _living(shell.pid) == []


def _living(leader: int) -> list[psutil.Process]:
    """What is left of a session."""
    return [one for one in psutil.process_iter() if _session(one.pid) == leader and lives(one)]


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except OSError:
        return None


def test_restarts_are_bounded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("navab.execution.carrier.PAUSE_S", 0.0)
    carrier = Carrier(Storage(str(tmp_path)), ResourcesSection(), 1)
    for _ in range(RESTARTS):
        carrier.recover(RayLostError("gone"))
    with pytest.raises(RayLostError, match="4 times in a row: gone"):
        carrier.recover(RayLostError("gone"))
    assert capsys.readouterr().err.count("\n") == RESTARTS


def test_a_cluster_is_not_started_again(tmp_path: Path) -> None:
    carrier = Carrier(Storage(str(tmp_path)), ResourcesSection(address="head:6379"), 1)
    with pytest.raises(RayLostError, match="cluster at head:6379 failed: gone"):
        carrier.recover(RayLostError("gone"))
