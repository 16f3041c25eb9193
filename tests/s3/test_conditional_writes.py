"""Conditional writes, on which claims and commits rest: a store that ignores them, and answers that get lost.

A request that is sent again because its answer was lost must not take its own work for another's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from botocore.credentials import Credentials

from navab.errors import ClaimLostError, StorageError
from navab.lake.lake import Lake
from navab.lake.storage import Storage, StorageOptions
from tests.lake.test_claim import edit_claim, write_file
from tests.lakes import navab, sample_configuration
from tests.s3.proxy import Proxy, Request
from tests.s3.server import KEY, SECRET, Server

pytestmark = pytest.mark.slow


@pytest.fixture
def proxy(server: Server) -> Iterator[Proxy]:
    with Proxy(server.endpoint) as running:
        yield running


def conditional(count: int, part: str) -> Callable[[Request], bool]:
    """The first `count` conditional writes to paths that contain `part`."""
    left = [count]

    def loses(request: Request) -> bool:
        if left[0] == 0 or not request.is_conditional or part not in request.path:
            return False
        left[0] -= 1
        return True

    return loses


def conditional_writes(proxy: Proxy, part: str) -> int:
    return sum(request.is_conditional and part in request.path for request in proxy.seen)


@pytest.mark.parametrize("lost", [1, 3])
def test_a_file_that_was_created_is_ones_own(proxy: Proxy, lost: int) -> None:
    storage = Storage(f"s3://lake/created-{lost}", StorageOptions(proxy.endpoint))
    path = storage.path("prize")
    proxy.loses_answer = conditional(lost, "prize")
    assert storage.create_exclusively(path, b"first")
    assert conditional_writes(proxy, "prize") == lost + 1
    assert not storage.create_exclusively(path, b"second")
    assert storage.read_bytes(path) == b"first"


def test_a_claim_and_every_commit_survive(proxy: Proxy) -> None:
    lake = Lake("s3://lake/commits", StorageOptions(proxy.endpoint))
    proxy.loses_answer = conditional(1, "/claims/")
    with lake.claim("run") as claim:
        for number in range(3):  # the first one creates the table
            proxy.loses_answer = conditional(1, "_delta_log")
            assert lake.commit("files", write_file(lake, f"file-{number}"), claim) == 1
    assert conditional_writes(proxy, "_delta_log") == 6
    snapshot = lake.table("files").snapshot()
    assert snapshot.version == 2
    assert sorted(snapshot.read(["uri"])["uri"]) == ["file-0", "file-1", "file-2"]


def test_a_takeover_survives(proxy: Proxy) -> None:
    lake = Lake("s3://lake/takeover", StorageOptions(proxy.endpoint))
    with lake.claim("run") as claim:
        lake.commit("files", write_file(lake, "a"), claim)
    edit_claim(lake, released=False, pid=2**22 + 1)
    proxy.loses_answer = conditional(1, "_delta_log")
    with lake.claim("run"):
        assert lake.table("files").snapshot().fence("navab/files") == 2


def test_anothers_commit_is_not_taken_for_ones_own(server: Server, proxy: Proxy) -> None:
    """Between snapshot and commit another holder writes: the version is taken, and not by us."""
    other = Lake("s3://lake/race", StorageOptions(server.endpoint)).table("files")
    lake = Lake("s3://lake/race", StorageOptions(proxy.endpoint))
    lake.table("files").commit(write_file(lake, "a"), epoch=1)
    theirs = write_file(lake, "b")

    def overtake(request: Request) -> None:
        if request.is_conditional and "_delta_log" in request.path:
            other.commit(theirs, epoch=2)

    proxy.before = overtake
    with pytest.raises(ClaimLostError, match="at the same time"):
        lake.table("files").commit(write_file(lake, "late"), epoch=1)
    assert sorted(other.snapshot().read(["uri"])["uri"]) == ["a", "b"]


def test_a_store_that_honours_conditions_is_left_without_a_trace(server: Server) -> None:
    Lake("s3://lake/honest", StorageOptions(server.endpoint)).check_location()
    assert not any("probe" in path for path in server.files.find("lake/honest"))


def test_a_store_that_ignores_conditions_is_refused(server: Server) -> None:
    with Proxy(server.endpoint, credentials=Credentials(KEY, SECRET)) as proxy:
        lake = Lake("s3://lake/careless", StorageOptions(proxy.endpoint))
        with pytest.raises(StorageError, match=r"ignores conditional writes \(If-None-Match\)"):
            lake.claim("run").__enter__()
        assert [request.method for request in proxy.seen if request.is_conditional] == ["PUT", "PUT"]
    assert not any("probe" in path for path in server.files.find("lake/careless"))


@pytest.mark.parametrize(
    "command", [["run"], ["forget", "--url", "https://example.org/news/1"], ["evaluate", "--model", "none"]]
)
def test_every_command_that_writes_refuses_it(server: Server, tmp_path: Path, command: list[str]) -> None:
    with Proxy(server.endpoint, credentials=Credentials(KEY, SECRET)) as proxy:
        configuration = sample_configuration(
            tmp_path, lake="s3://lake/careless", storage={"endpoint_url": proxy.endpoint}
        )
        done = navab(*command, "--config", configuration, check=False)
    assert done.returncode == 4
    assert done.stderr.startswith("navab: lake s3://lake/careless lies on a store that ignores conditional writes")
    assert done.stderr.count("\n") == 1
