"""Hosts of a Ray cluster on one machine: network namespaces on a bridge, each with its own address, Ray and folder.

A host is killed whole (all processes of its namespace) or cut off the network. Needs root and iproute2.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.heads import RAY, Head

PORT, DASHBOARD = 6379, 8265
QUOTAS = Path("/sys/fs/cgroup/cpu")  # of cgroups version 1
# A host that is gone is noticed within seconds rather than a quarter of a minute, and one that is cut off within half a
# minute rather than seven: till then its tasks are waited for, though Ray calls it dead.
_HEALTH = {
    f"RAY_{name}": value
    for name, value in {
        "health_check_initial_delay_ms": "1000", "health_check_period_ms": "1000", "health_check_timeout_ms": "1000",
        "health_check_failure_threshold": "3",
        "grpc_client_keepalive_time_ms": "15000", "grpc_client_keepalive_timeout_ms": "15000",
    }.items()
}  # fmt: skip


def why_not() -> str | None:
    """Why such hosts cannot be had here; None if they can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if shutil.which("ip") is None:
        return "network namespaces need `ip` (Debian: iproute2)"
    probe = f"navab-{os.getpid()}"
    if subprocess.run(["ip", "netns", "add", probe], capture_output=True, check=False).returncode != 0:
        return "this machine does not let root make network namespaces"
    _ip("netns", "del", probe)
    return None


def why_no_quotas() -> str | None:
    """Why hosts cannot be given a share of a core here; None if they can."""
    if not (QUOTAS / "cgroup.procs").exists() or not os.access(QUOTAS, os.W_OK):
        return f"shares of a core need cgroups version 1 at {QUOTAS}"
    return None


@dataclass
class Host:
    """One host: its namespace, its address, and Ray while it runs there."""

    namespace: str
    address: str
    cable: str  # the bridge's end of its link
    folder: Path
    log: Path
    cores: float | None = None  # what all processes of the host may use together; None: all of the machine
    process: subprocess.Popen[bytes] | None = None

    @property
    def _quota(self) -> Path:
        return QUOTAS / self.namespace

    def start_ray(self, environment: Mapping[str, str], mount: Path, *arguments: str) -> None:
        """Start Ray with a temporary folder that all hosts know by one path and each has for itself."""
        command = [
            RAY, "start", f"--node-ip-address={self.address}", f"--object-store-memory={128 * 2**20}",
            "--disable-usage-stats", "--block", *arguments,
        ]  # fmt: skip
        mounted = f'mount --bind "{self.folder}" "{mount}" && exec "$@"'
        inside = ["ip", "netns", "exec", self.namespace, "sh", "-c", mounted]
        limit = 'exec "$@"'
        if self.cores is not None:  # before `ip netns exec`, which hides /sys/fs/cgroup behind a /sys of its own
            self._quota.mkdir(exist_ok=True)
            (self._quota / "cpu.cfs_quota_us").write_text(str(round(self.cores * 100_000)))
            limit = f'echo $$ > "{self._quota}/cgroup.procs" && {limit}'
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                ["sh", "-c", limit, "sh", *inside, "sh", *command],
                env=dict(environment), stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def kill(self) -> None:
        """kill -9 of all that runs on it."""
        deadline = time.monotonic() + 20
        while pids := _ip("netns", "pids", self.namespace).split():
            assert time.monotonic() < deadline, f"processes of {self.namespace} do not end"
            for pid in pids:
                _kill(int(pid))
            time.sleep(0.1)
        if self.process is not None:
            self.process.wait(10)
            self.process = None
        if self._quota.exists():
            self._quota.rmdir()

    def cut_off(self) -> None:
        """Pull its cable: all that runs on it goes on and reaches nobody."""
        _ip("link", "set", self.cable, "down")

    def reconnect(self) -> None:
        _ip("link", "set", self.cable, "up")


@dataclass
class Hosts:
    """A head and workers on one bridge; `gateway` is where this process and the store are."""

    gateway: str
    folder: Path
    mount: Path
    environment: dict[str, str]
    cpus: int = 1
    hosts: list[Host] = field(default_factory=list)

    @property
    def head(self) -> Host:
        return self.hosts[0]

    @property
    def workers(self) -> list[Host]:
        return self.hosts[1:]

    @property
    def jobs(self) -> Head:
        """How jobs are submitted."""
        return Head(f"http://{self.head.address}:{DASHBOARD}", self.environment, self.folder)

    def start(self, head_cpus: int = 1, workers: int | None = None) -> None:
        """Start Ray on the head and on so many workers, all by default, and wait until all have joined."""
        for host in self.hosts:
            host.reconnect()
            shutil.rmtree(host.folder, ignore_errors=True)
            host.folder.mkdir(parents=True)
        self.head.start_ray(
            self.environment, self.mount, "--head", f"--port={PORT}", "--dashboard-host=0.0.0.0",
            f"--dashboard-port={DASHBOARD}", f"--num-cpus={head_cpus}", f"--temp-dir={self.mount}",
        )  # fmt: skip
        self._wait(lambda: _answers(f"{self.jobs.dashboard}/api/version"))
        joining = self.workers[:workers]
        for host in joining:
            self.join(host)
        self._wait(lambda: self.alive() == 1 + len(joining))

    def join(self, host: Host) -> None:
        """Start Ray on a worker."""
        cpus = f"--num-cpus={self.cpus}"
        host.start_ray(self.environment, self.mount, f"--address={self.head.address}:{PORT}", cpus)

    def stop(self) -> None:
        """End everything that runs on them."""
        for host in reversed(self.hosts):
            host.kill()

    def alive(self) -> int:
        """Nodes that the head believes to be alive; 0 if it does not answer in time."""
        script = (
            "import ray, logging; ray.init(address='auto', logging_level=logging.ERROR, log_to_driver=False); "
            "print(sum(node['Alive'] for node in ray.nodes()))"
        )
        try:
            done = subprocess.run(
                ["ip", "netns", "exec", self.head.namespace, "sh", "-c",
                 f'mount --bind "{self.head.folder}" "{self.mount}" && exec "{sys.executable}" -c "{script}"'],
                env=self.environment | {"RAY_ADDRESS": f"{self.head.address}:{PORT}"}, capture_output=True, text=True,
                check=False, timeout=60,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return 0
        return int(done.stdout.strip() or 0) if done.returncode == 0 else 0

    def _wait(self, condition: Callable[[], bool], patience_s: float = 120) -> None:
        deadline = time.monotonic() + patience_s
        while not condition():
            ended = [host.namespace for host in self.hosts if host.process and host.process.poll() is not None]
            logs = "\n".join(host.log.read_text("utf-8", "replace")[-2000:] for host in self.hosts if host.log.exists())
            assert not ended and time.monotonic() < deadline, f"Ray did not come up on the hosts ({ended}):\n{logs}"
            time.sleep(0.5)


@contextmanager
def connected_hosts(folder: Path, count: int, **variables: str) -> Iterator[Hosts]:
    """`count` hosts on a bridge of their own, the first of which is to be the head; Ray is not started yet."""
    number = os.getpid() % 200 + 20
    mount = Path("/tmp") / f"nvb{os.getpid()}"  # Ray's socket paths must be short
    mount.mkdir()
    bridge, gateway = f"nvb{os.getpid()}", f"10.77.{number}.1"
    environment = (
        os.environ
        | _HEALTH
        | {
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_AUTH_MODE": "disabled",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            **variables,
        }
    )
    environment.pop("RAY_ADDRESS", None)
    hosts = Hosts(gateway, folder, mount, environment)
    try:
        _ip("link", "add", bridge, "type", "bridge")
        _ip("address", "add", f"{gateway}/24", "dev", bridge)
        _ip("link", "set", bridge, "up")
        for index in range(count):
            hosts.hosts.append(_new_host(folder, bridge, f"{bridge}-{index}", f"10.77.{number}.{index + 10}"))
        yield hosts
    finally:
        hosts.stop()
        for host in hosts.hosts:
            _ip("link", "del", host.cable)  # a namespace goes with its last process, which may take a moment
            _ip("netns", "del", host.namespace)
        _ip("link", "del", bridge)
        shutil.rmtree(mount, ignore_errors=True)


def _new_host(folder: Path, bridge: str, namespace: str, address: str) -> Host:
    cable = f"{namespace}v"[-15:]
    _ip("netns", "add", namespace)
    _ip("link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", namespace)
    _ip("link", "set", cable, "master", bridge)
    _ip("link", "set", cable, "up")
    _ip("-n", namespace, "address", "add", f"{address}/24", "dev", "eth0")
    _ip("-n", namespace, "link", "set", "eth0", "up")
    _ip("-n", namespace, "link", "set", "lo", "up")
    (folder / namespace).mkdir(parents=True, exist_ok=True)
    return Host(namespace, address, cable, folder / namespace / "ray", folder / namespace / "ray.log")


def _ip(*arguments: str) -> str:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"ip {' '.join(arguments)}: {done.stderr}"
    return done.stdout


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except OSError:
        return False
