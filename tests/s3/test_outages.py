"""A store that is killed and comes back: what was asked of it meanwhile succeeds; one that stays away is an error."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from navab.errors import StorageError
from navab.lake.claim import latest_claim
from navab.lake.lake import Lake
from navab.lake.storage import StorageOptions
from navab.options.articles import Source
from navab.readers.files import list_source, open_source
from navab.release.manifest import find_manifest
from tests.lake.test_claim import write_file
from tests.s3.server import Server

pytestmark = pytest.mark.slow
AWAY_S = 4.0


@contextmanager
def away(server: Server, seconds: float = AWAY_S) -> Iterator[None]:
    """Kill the server and start it again after some seconds, while the block runs."""
    server.kill()

    def restart() -> None:
        time.sleep(seconds)
        server.start()

    thread = threading.Thread(target=restart)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def read_source(uri: str, options: StorageOptions) -> bytes:
    (file,) = list_source(Source(path=uri, format="jsonl"), options)
    with open_source(file, options) as opened:
        return bytes(opened.read())


def test_everything_that_is_asked_meanwhile_succeeds(server: Server) -> None:
    options = StorageOptions(server.endpoint)
    lake = Lake("s3://lake/asked", options)
    storage = lake.storage
    storage.write_bytes(storage.path("before"), b"before")
    with lake.claim("run") as claim:
        lake.commit("files", write_file(lake, "a"), claim)
        snapshot = lake.table("files").snapshot()
        actions: dict[str, Callable[[], object]] = {
            "list": lambda: storage.path("before") in storage.list_files(storage.path()),
            "read": lambda: storage.read_bytes(storage.path("before")) == b"before",
            "write": lambda: storage.write_bytes(storage.path("after"), b"after") is None,
            "create": lambda: storage.create_exclusively(storage.path("prize"), b"mine"),
            "open": lambda: lake.table("files").snapshot().version >= 0,
            "rows": lambda: snapshot.read(["uri"])["uri"].to_list() == ["a"],
            "commit": lambda: lake.commit("files", write_file(lake, "b"), claim) == 1,
            "source": lambda: read_source("s3://lake/asked/bef*", options) == b"before",
            "release": lambda: find_manifest(storage.filesystem, storage.path("releases", "none")) is None,
        }
        with away(server), ThreadPoolExecutor(len(actions)) as pool:
            asked = {name: pool.submit(action) for name, action in actions.items()}
            done = {name: answer.result() for name, answer in asked.items()}
    assert [name for name, succeeded in done.items() if not succeeded] == []


def test_a_claim_outlives_an_outage_longer_than_its_lifetime(server: Server) -> None:
    lake = Lake("s3://lake/claimed", StorageOptions(server.endpoint))
    with lake.claim("run", lifetime_s=2.0) as claim:
        with away(server):
            time.sleep(AWAY_S)
        renewed_at = time.time()
        deadline = time.monotonic() + 30
        while (record := latest_claim(lake.storage)) is None or record.renewed_at < renewed_at:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert lake.commit("files", write_file(lake, "a"), claim) == 1


def test_one_that_stays_away_is_an_error(server: Server) -> None:
    lake = Lake("s3://lake/lost", StorageOptions(server.endpoint, retry_s=2.0))
    lake.storage.write_bytes(lake.storage.path("before"), b"before")
    server.kill()
    try:
        with pytest.raises(StorageError, match=r"cannot list .*: no answer from the store: check storage.endpoint_url"):
            lake.storage.list_files(lake.storage.path())
        with pytest.raises(StorageError, match=r"cannot open table files .*: no answer from the store"):
            lake.table("files").snapshot()
    finally:
        server.start()
