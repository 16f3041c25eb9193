"""An S3 server for each module."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from navab.lake import credentials
from tests.s3.server import Server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running server; the environment holds its credentials for as long."""
    before = dict(os.environ)
    running = Server(tmp_path_factory.mktemp("weed"))
    os.environ.update(running.environment)
    credentials.provider.cache_clear()
    running.start()
    try:
        yield running
    finally:
        running.stop()
        os.environ.clear()
        os.environ.update(before)
        credentials.provider.cache_clear()
