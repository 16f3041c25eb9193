"""Storage on a local disk: whole files or none, and one winner where only one may win."""

from __future__ import annotations

import errno
import multiprocessing
import os
import pickle
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, SSLError

from navab.errors import ConfigurationError, StorageError
from navab.lake import credentials
from navab.lake.failures import explain
from navab.lake.lake import Lake
from navab.lake.storage import AtomicFile, Storage, StorageOptions, encode_parquet
from tests.disks import mounted


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[pytest.MonkeyPatch]:
    """An environment without credentials, in which every test finds its own."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    credentials.provider.cache_clear()
    yield monkeypatch
    credentials.provider.cache_clear()


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    storage = Storage(str(tmp_path))
    path = storage.path("a", "new", "folder", "f.bin")
    storage.write_bytes(path, b"one")
    storage.write_bytes(path, b"two")
    assert storage.read_bytes(path) == b"two"
    assert storage.list_files(storage.path("a", "new", "folder")) == [path]


def test_a_write_that_breaks_off_leaves_the_old_content_and_no_litter(tmp_path: Path) -> None:
    destination = tmp_path / "f.bin"
    destination.write_bytes(b"old")
    with pytest.raises(RuntimeError), AtomicFile(str(destination)) as temporary:
        temporary.write_bytes(b"half of the ne")
        raise RuntimeError
    assert destination.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [destination]


def test_create_exclusively_keeps_what_is_there(tmp_path: Path) -> None:
    storage = Storage(str(tmp_path))
    path = storage.path("claims", "1.json")
    assert storage.create_exclusively(path, b"first")
    assert not storage.create_exclusively(path, b"second")
    assert storage.read_bytes(path) == b"first"
    assert storage.list_files(storage.path("claims")) == [path]


def _compete(root: str, number: int, start: object, won: object) -> None:
    storage = Storage(root)
    start.wait()  # type: ignore[attr-defined]
    if storage.create_exclusively(storage.path("prize"), str(number).encode()):
        won.put(number)  # type: ignore[attr-defined]


def test_of_many_processes_one_wins(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    start, won = context.Barrier(6), context.SimpleQueue()
    racers = [context.Process(target=_compete, args=(str(tmp_path), n, start, won)) for n in range(6)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
        assert racer.exitcode == 0
    assert (tmp_path / "prize").read_text() == str(won.get())
    assert won.empty()


def test_a_file_in_the_place_of_a_folder_is_an_error_and_no_lost_race(tmp_path: Path) -> None:
    (tmp_path / "claims").write_text("not a folder")
    storage = Storage(str(tmp_path))
    with pytest.raises(StorageError, match="part of the path is a file"):
        storage.create_exclusively(storage.path("claims", "1.json"), b"")


def test_a_lake_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "lake").write_text("")
    with pytest.raises(StorageError, match=r"lake .* is a file"):
        Lake(str(tmp_path / "lake")).check_location()
    with pytest.raises(StorageError, match="lake is a file; give a folder"):
        Lake(str(tmp_path / "lake" / "inner")).check_location()


def test_a_lake_whose_name_delta_lake_would_read_otherwise_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="Delta Lake reads '%41' as a character; give the folder another name"):
        Lake(str(tmp_path / "50 %" / "a%41")).check_location()
    Lake(str(tmp_path / "50 % of it")).check_location()


def test_a_tilde_is_the_users_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Storage("~/lake").path("tables") == str(tmp_path / "lake" / "tables")


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_read_only_lake_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(StorageError, match="not writable: Permission denied"):
            Lake(str(tmp_path)).check_location()
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs a file system of its own")
@pytest.mark.parametrize(
    ("options", "complaint"), [("ro", "Read-only file system"), ("size=4k,nr_inodes=2", "No space")]
)
def test_a_disk_that_cannot_be_written_to_is_refused(tmp_path: Path, options: str, complaint: str) -> None:
    with mounted(tmp_path, options), pytest.raises(StorageError, match=f"lake .* is not writable: {complaint}"):
        Lake(str(tmp_path / "lake")).check_location()


def test_a_checked_location_is_left_empty(tmp_path: Path) -> None:
    Lake(str(tmp_path / "new" / "lake")).check_location()
    assert list((tmp_path / "new" / "lake").iterdir()) == []


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "No space left: free some"),
        (OSError("failed to write: No space left on device (os error 28)"), "No space left: free some"),
        (PermissionError(errno.EACCES, "Permission denied"), "Permission denied: choose a folder"),
        (NoCredentialsError(), "no S3 credentials: set AWS_ACCESS_KEY_ID"),
        (ClientError({"Error": {"Code": "NoSuchBucket"}}, "PutObject"), "the bucket does not exist"),
        (ClientError({"Error": {"Code": "403"}}, "HeadObject"), "access denied"),
        (ClientError({"Error": {"Code": "ExpiredToken"}}, "GetObject"), "has expired"),
        (ClientError({"Error": {"Code": "PermanentRedirect"}}, "GetObject"), "set storage.region"),
        (EndpointConnectionError(endpoint_url="http://store/403"), "no answer from the store"),
        (SSLError(endpoint_url="https://store", error="wrong version"), "check http:// or https://"),
    ],
)
def test_what_failed_is_explained(error: Exception, advice: str) -> None:
    assert advice in explain(error)
    assert "\n" not in explain(error)


def test_a_missing_folder_has_no_files(tmp_path: Path) -> None:
    assert Storage(str(tmp_path)).list_files(str(tmp_path / "nowhere")) == []


@pytest.mark.parametrize(
    ("root", "path", "uri"),
    [
        ("/data/lake", "/data/lake/tables/x", "/data/lake/tables/x"),
        ("/data/lake/", "/data/lake/tables/x", "/data/lake/tables/x"),
        ("file:///data/lake", "/data/lake/tables/x", "/data/lake/tables/x"),
        ("/data/2024:crawl #1", "/data/2024:crawl #1/tables/x", "/data/2024:crawl #1/tables/x"),
        ("s3://bucket/lake", "bucket/lake/tables/x", "s3://bucket/lake/tables/x"),
    ],
)
def test_addresses(root: str, path: str, uri: str) -> None:
    storage = Storage(root)
    assert storage.path("tables", "x") == path
    assert storage.uri("tables", "x") == uri


def test_a_relative_path_with_a_colon_is_a_path() -> None:
    assert Storage("crawl:1/lake").is_local
    assert Storage("crawl:1/lake").path() == str(Path("crawl:1/lake").absolute())


@pytest.mark.parametrize("root", ["nowhere://bucket/lake", "gs://bucket/lake"])
def test_an_unknown_kind_of_address_is_a_configuration_error(root: str) -> None:
    with pytest.raises(ConfigurationError, match=f"address {root}: .*s3://"):
        Storage(root).path()


def test_storage_travels_to_workers_without_secrets(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("AWS_ACCESS_KEY_ID", "key")
    environment.setenv("AWS_SECRET_ACCESS_KEY", "top-secret-key")
    environment.setenv("AWS_SESSION_TOKEN", "top-secret-token")
    storage = Storage("s3://bucket/lake", StorageOptions("http://127.0.0.1:8333", "eu-west-1", retry_s=45))
    assert storage.arrow_filesystem is not None
    assert storage.delta_options() == {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:8333",
        "AWS_ALLOW_HTTP": "true",
        "AWS_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "top-secret-key",
        "AWS_SESSION_TOKEN": "top-secret-token",
        "max_retries": "1000",
        "retry_timeout": "45s",
        "backoff_config.init_backoff": "100ms",
        "backoff_config.max_backoff": "5s",
    }
    content = pickle.dumps(storage)
    assert b"top-secret" not in content
    assert pickle.loads(content) == storage


def test_all_is_compressed_but_bytes() -> None:
    said = pa.list_(pa.struct([("quote", pa.string()), ("bytes", pa.binary())]))
    schema = pa.schema(
        [("id", pa.int64()), ("packed", pa.binary()), ("vector", pa.list_(pa.float32())), ("said", said)]
    )
    table = pa.Table.from_pylist(
        [{"id": 1, "packed": b"p", "vector": [0.5], "said": [{"quote": "q", "bytes": b"b"}]}] * 3, schema=schema
    )
    content = pa.BufferReader(encode_parquet(table))
    group = pq.read_metadata(content).row_group(0)
    columns = [group.column(number) for number in range(group.num_columns)]
    assert {column.path_in_schema: column.compression for column in columns} == {
        "id": "ZSTD",
        "packed": "UNCOMPRESSED",
        "vector.list.element": "ZSTD",
        "said.list.element.quote": "ZSTD",
        "said.list.element.bytes": "UNCOMPRESSED",
    }
    assert pq.read_table(content).equals(table)
