"""How long a second run waits until it is told that another one holds the lake.

python benchmarks/refusal.py [--latency 0.1]        a minute; starts SeaweedFS

A lake of the sample is built on a local path and on a real S3 server and then held by this process. `navab run` is
started on both, and once more through a proxy that holds every request back.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from benchmarks.support.articles import REPOSITORY
from benchmarks.support.measure import line
from navab.commands.opening import read_configuration
from navab.errors import LakeHeldError
from navab.lake.claim import Claim
from navab.pipeline import open_lake
from tests.s3.proxy import Proxy
from tests.s3.server import Server

LIMIT_S = 10.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--latency", type=float, default=0.1, help="seconds by which each request is held back")
    latency = parser.parse_args().latency
    with tempfile.TemporaryDirectory(prefix="navab-refusal-") as name:
        folder = Path(name)
        server = Server(folder / "store")
        os.environ.update(server.environment)
        server.start()
        try:
            local = _write(folder / "local.yaml", str(folder / "lake"))
            near = _write(folder / "near.yaml", "s3://lake/lake", server.endpoint)
            for configuration in (local, near):
                _navab(configuration, 0)
            with Proxy(server.endpoint, before=lambda _: time.sleep(latency)) as proxy:
                far = _write(folder / "far.yaml", "s3://lake/lake", proxy.endpoint)
                with _held(local), _held(near):
                    for where, configuration in {"local": local, "S3": near, f"S3, {latency} s more": far}.items():
                        seconds = _navab(configuration, LakeHeldError.exit_code)
                        line(f"seconds until refused, {where}", seconds, LIMIT_S)
        finally:
            server.stop()


def _write(path: Path, lake: str, endpoint: str | None = None) -> Path:
    document = yaml.safe_load((REPOSITORY / "examples" / "sample.yaml").read_text("utf-8"))
    document["sources"] = [source | {"path": str(REPOSITORY / source["path"])} for source in document["sources"]]
    document |= {"lake": lake} | ({"storage": {"endpoint_url": endpoint}} if endpoint else {})
    path.write_text(yaml.safe_dump(document), "utf-8")
    return path


def _held(configuration: Path) -> Claim:
    return open_lake(read_configuration(configuration, ())).claim("benchmark")


def _navab(configuration: Path, code: int) -> float:
    """Run `navab run`, which must end with a code; returns its seconds."""
    started = time.monotonic()
    command = [sys.executable, "-m", "navab", "run", "--config", str(configuration)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if done.returncode != code:
        sys.exit(f"navab run ended with {done.returncode} and not {code}: {done.stderr[-1000:]}")
    return time.monotonic() - started


if __name__ == "__main__":
    main()
