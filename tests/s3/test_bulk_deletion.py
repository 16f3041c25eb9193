"""Deleting many objects of a real S3 server at once: what the store refuses singly is heard of."""

from __future__ import annotations

from typing import Any

import pytest
import s3fs

from navab.errors import StorageError
from navab.lake.storage import Storage, StorageOptions
from tests.s3.server import Server

pytestmark = pytest.mark.slow


@pytest.fixture
def storage(server: Server) -> Storage:
    storage = Storage("s3://lake/deletion", StorageOptions(server.endpoint))
    for number in range(3):
        storage.write_bytes(storage.path(f"{number}.json"), b"{}")
    return storage


def left(storage: Storage) -> list[str]:
    """What there is; the folder itself, which SeaweedFS lists, apart."""
    return [path for path in storage.find_files(storage.path()) if path.endswith(".json")]


def refuse(storage: Storage, monkeypatch: pytest.MonkeyPatch, key: str, code: str, times: int) -> list[int]:
    """Let the store's answer refuse one object so many times; how many objects each request named."""
    send = storage.filesystem.call_s3
    asked: list[int] = []

    def call(method: str, **arguments: Any) -> Any:
        named = arguments["Delete"]["Objects"]
        asked.append(len(named))
        if len(asked) > times:
            return send(method, **arguments)
        kept = [one for one in named if not one["Key"].endswith(key)]
        answer = send(method, **arguments | {"Delete": {"Objects": kept}}) if kept else {}
        refused = [one["Key"] for one in named if one not in kept]
        return answer | {"Errors": [{"Key": one, "Code": code, "Message": "injected"} for one in refused]}

    monkeypatch.setattr(s3fs.S3FileSystem, "call_s3", staticmethod(call))
    return asked


def test_files_go_and_those_that_have_gone_do_not_matter(storage: Storage) -> None:
    paths = left(storage)
    storage.delete_files([*paths, storage.path("never-there.json")])
    assert left(storage) == []


def test_what_passes_is_tried_again(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = left(storage)
    asked = refuse(storage, monkeypatch, "1.json", "SlowDown", times=2)
    storage.delete_files(paths)
    assert asked == [3, 1, 1]
    assert left(storage) == []


def test_an_object_that_stays_is_an_error(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = left(storage)
    refuse(storage, monkeypatch, "1.json", "AccessDenied", times=1)
    with pytest.raises(StorageError, match="access denied"):
        storage.delete_files(paths)
