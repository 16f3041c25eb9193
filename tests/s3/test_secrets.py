"""Secrets stay where they are: a secret key and a session token are searched for in everything that is written."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.heads import ray_head
from tests.lakes import REPOSITORY, SAMPLE, sample_configuration
from tests.s3.issuers import IdentityProvider, assume_role
from tests.s3.server import Server

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def issuing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("issuing")
    with IdentityProvider() as provider:
        server = Server(folder, iam=provider.write_iam(folder.parent / "iam.json", 3600))
        server.start()
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="module")
def secrets(issuing: Server) -> dict[str, str]:
    """Temporary credentials as environment variables."""
    made = assume_role(issuing)
    return {
        "AWS_ACCESS_KEY_ID": made["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": made["SecretAccessKey"],
        "AWS_SESSION_TOKEN": made["SessionToken"],
        "AWS_REGION": "us-east-1",
    }


@pytest.fixture
def configuration(issuing: Server, tmp_path: Path) -> Path:
    source = {"path": str(SAMPLE / "crawl-1" / "fr.jsonl"), "nation": "fr"}
    storage = {"endpoint_url": issuing.endpoint, "retry_s": 2}
    return sample_configuration(tmp_path, lake="s3://lake/secrets", storage=storage, sources=[source])


def navab(variables: Mapping[str, str], *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "navab", *(str(argument) for argument in arguments)],
        env=os.environ | variables, capture_output=True, text=True, cwd=REPOSITORY, check=False,
    )  # fmt: skip


def holds(content: bytes | str, secrets: Mapping[str, str]) -> bool:
    found = content.encode() if isinstance(content, str) else content
    return any(secrets[name].encode() in found for name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"))


def files_that_hold(folder: Path, secrets: Mapping[str, str]) -> list[Path]:
    """Files below a folder, sockets and the like left out."""
    return [path for path in folder.rglob("*") if path.is_file() and holds(path.read_bytes(), secrets)]


def test_a_job_and_its_report(issuing: Server, secrets: dict[str, str], configuration: Path, tmp_path: Path) -> None:
    """The head's environment has the credentials, as that of a node with a role would."""
    with ray_head(**secrets) as head:
        job = head.submit(tmp_path, "--config", str(configuration))
        assert job.returncode == 0, job.stdout + job.stderr
        with urllib.request.urlopen(f"{head.dashboard}/api/jobs/") as answer:
            description = answer.read()
        assert b"build_benchmark.py" in description
        logs = [path for path in head.temporary.rglob("*.log") if path.is_file()]
        assert any(path.stat().st_size for path in logs)
        assert files_that_hold(head.temporary, secrets) == []
    report = navab(secrets, "report", "--config", configuration, "--debug")
    assert report.returncode == 0, report.stderr
    for written in (job.stdout, job.stderr, description, report.stdout, report.stderr):
        assert not holds(written, secrets)
    objects = issuing.files.find("lake/secrets")
    assert any("manifest.json" in path for path in objects)
    assert [path for path in objects if holds(issuing.files.cat(path), secrets)] == []


def test_a_local_ray(secrets: dict[str, str], configuration: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="nv", dir="/tmp") as folder:  # Ray's socket paths must be short
        variables = secrets | {"RAY_TMPDIR": folder, "TMPDIR": folder}
        done = navab(
            variables, "run", "--config", configuration, "--set", "lake=s3://lake/local", "--until", "articles"
        )
        assert done.returncode == 0, done.stderr
        assert any(path.name == "raylet.out" for path in Path(folder).rglob("*"))
        assert files_that_hold(Path(folder), secrets) == []
    assert not holds(done.stdout + done.stderr, secrets)


@pytest.mark.parametrize(
    ("variables", "settings", "complaint"),
    [
        ({"AWS_SECRET_ACCESS_KEY": "wrong-secret-key-of-this-test"}, (), "secret key is wrong"),
        ({"AWS_SESSION_TOKEN": "wrong-session-token-of-this-test"}, (), ""),
        ({}, ("storage.endpoint_url=http://127.0.0.1:9",), "no answer from the store"),
        ({}, ("lake=s3://no-such-bucket/lake",), "the bucket does not exist"),
    ],
)
@pytest.mark.parametrize("command", ["run", "status"])
def test_what_fails(
    secrets: dict[str, str],
    configuration: Path,
    variables: dict[str, str],
    settings: tuple[str, ...],
    complaint: str,
    command: str,
) -> None:
    used = secrets | variables
    options = [option for setting in settings for option in ("--set", setting)]
    plain = navab(used, command, "--config", configuration, *options)
    assert plain.returncode == 4
    assert plain.stderr.count("\n") == 1
    assert complaint in plain.stderr
    told = navab(used, command, "--config", configuration, *options, "--debug")
    assert told.returncode == 4
    assert "Traceback" in told.stderr
    for output in (plain.stdout, plain.stderr, told.stdout, told.stderr):
        assert not holds(output, used)


@pytest.mark.parametrize("address", ["lake=s3://key:{}@lake/x", "storage.endpoint_url=http://key:{}@127.0.0.1:9"])
def test_an_address_with_credentials(configuration: Path, address: str) -> None:
    done = navab({}, "run", "--config", configuration, "--debug", "--set", address.format("top-secret"))
    assert done.returncode == 2
    assert "must not hold credentials" in done.stderr
    assert "top-secret" not in done.stdout + done.stderr
