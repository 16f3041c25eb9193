"""Ray heads in tests: started on free ports with folders of their own, ended by process id."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.lakes import REPOSITORY

RAY = str(Path(sys.executable).with_name("ray"))


@dataclass
class Head:
    """A Ray head of one test alone."""

    dashboard: str
    environment: dict[str, str]
    temporary: Path

    def submit(self, folder: Path, *arguments: str, job: str = "build_benchmark") -> subprocess.CompletedProcess[str]:
        """Submit a script of jobs/ with a checkout that is copied into `folder`, and wait for its end."""
        return self._ray("submit", *self._entry(folder, job, arguments))

    def start(self, folder: Path, *arguments: str, job: str = "build_benchmark") -> str:
        """Submit a script of jobs/ and leave it running; the job's id."""
        done = self._ray("submit", "--no-wait", *self._entry(folder, job, arguments))
        found = re.search(r"Job '(\w+)' submitted", done.stdout)
        assert found is not None, done.stdout + done.stderr
        return found[1]

    def stop(self, job: str) -> None:
        """`ray job stop`: returns when the job has ended."""
        done = self._ray("stop", job)
        assert done.returncode == 0, done.stdout + done.stderr

    def status(self, job: str) -> str:
        """PENDING, RUNNING, STOPPED, SUCCEEDED or FAILED."""
        with urllib.request.urlopen(f"{self.dashboard}/api/jobs/{job}", timeout=10) as answer:
            return str(json.load(answer)["status"])

    def logs(self, job: str) -> str:
        """What the job has printed so far."""
        with urllib.request.urlopen(f"{self.dashboard}/api/jobs/{job}/logs", timeout=10) as answer:
            return str(json.load(answer)["logs"])

    def _entry(self, folder: Path, job: str, arguments: Sequence[str]) -> list[str]:
        return ["--working-dir", str(project(folder)), "--", "python", f"jobs/{job}.py", *arguments]

    def _ray(self, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        deadline = time.monotonic() + 120
        while True:
            done = subprocess.run(
                [RAY, "job", command, "--address", self.dashboard, *arguments],
                env=self.environment, capture_output=True, text=True, check=False, timeout=600,
            )  # fmt: skip
            # A head that has just come up answers before the agent that starts jobs is there.
            if "No available agent" not in done.stdout + done.stderr or time.monotonic() > deadline:
                return done
            time.sleep(1)


@contextmanager
def ray_head(**variables: str) -> Iterator[Head]:
    """Start a head with its own temporary folder and these environment variables; end exactly what it started."""
    temporary = Path("/tmp") / f"navab-head-{os.getpid()}"  # Ray's socket paths must be short
    environment = os.environ | {
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_AUTH_MODE": "disabled",
        "RAY_TMPDIR": str(temporary),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",  # as in an activated environment
        **variables,
    }
    environment.pop("RAY_ADDRESS", None)
    port, dashboard = _free_port(), _free_port()
    command = [
        RAY, "start", "--head", f"--port={port}", f"--dashboard-port={dashboard}", "--num-cpus=2",
        f"--temp-dir={temporary}", f"--object-store-memory={256 * 2**20}", "--include-dashboard=true", "--block",
        # The agent that starts jobs listens on one port for all clusters of a machine unless it is told another.
        f"--dashboard-agent-listen-port={_free_port()}",
    ]  # fmt: skip
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        _wait_for(f"http://127.0.0.1:{dashboard}/api/version", process)
        yield Head(f"http://127.0.0.1:{dashboard}", environment, temporary)
    finally:
        _end(process)
        shutil.rmtree(temporary, ignore_errors=True)


def project(folder: Path) -> Path:
    """What a user submits: the checkout without what is built in it."""
    target = folder / "project"
    if target.exists():
        return target
    for name in ("navab", "schemas", "jobs", "examples"):
        shutil.copytree(REPOSITORY / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
    return target


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise AssertionError("the Ray head ended at its start")
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.3)
    raise AssertionError(f"the Ray head does not answer at {url}")


def _end(process: subprocess.Popen[bytes]) -> None:
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    for one in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            one.kill()
    psutil.wait_procs(family, timeout=10)
