"""Credentials as people have them, each tried on all clients against a store that refuses them once they expire."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import s3fs

from navab.errors import StorageError
from navab.lake import credentials
from navab.lake.lake import Lake
from navab.lake.storage import StorageOptions
from tests.lake.test_claim import write_file
from tests.lakes import differences, navab, sample_configuration, tables
from tests.s3.issuers import ROLE, IdentityProvider, MetadataService, assume_role
from tests.s3.server import Server

pytestmark = pytest.mark.slow
LIFETIME_S, RENEWAL_S = 12, 4  # short beside a run of half a minute


@pytest.fixture(scope="module")
def provider() -> Iterator[IdentityProvider]:
    with IdentityProvider() as running:
        yield running


@pytest.fixture(scope="module")
def issuing(provider: IdentityProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A store with an STS."""
    folder = tmp_path_factory.mktemp("issuing")
    server = Server(folder, iam=provider.write_iam(folder.parent / "iam.json", LIFETIME_S))
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def environment(issuing: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[pytest.MonkeyPatch]:
    """An environment that knows the store's STS and no credentials."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", issuing.endpoint)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    credentials.provider.cache_clear()
    yield monkeypatch
    credentials.provider.cache_clear()


def write_config(folder: Path, **sections: str) -> None:
    text = "".join(f"[{name}]\n{content}\n" for name, content in sections.items())
    (folder / "config").write_text(text.replace("[profile_", "[profile "), "utf-8")


def use_lake(issuing: Server, name: str) -> None:
    """List, claim, write and read files, commit and read a table: every client has its turn."""
    lake = Lake(f"s3://lake/{name}", StorageOptions(issuing.endpoint))
    with lake.claim("run") as claim:
        lake.commit("files", write_file(lake, "a"), claim)
    assert lake.table("files").snapshot().read(["uri"])["uri"].to_list() == ["a"]


def is_refused(issuing: Server, issued: dict[str, str]) -> bool:
    files = s3fs.S3FileSystem(
        endpoint_url=issuing.endpoint,
        key=issued["AccessKeyId"],
        secret=issued["SecretAccessKey"],
        token=issued["Token"],
        client_kwargs={"region_name": "us-east-1"},
        use_listings_cache=False,
        skip_instance_cache=True,
    )
    try:
        files.ls("lake")
    except PermissionError:
        return True
    return False


def test_a_profile(issuing: Server, environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    keys = f"aws_access_key_id={issuing.key}\naws_secret_access_key={issuing.secret}"
    write_config(tmp_path, profile_mine=keys)
    environment.setenv("AWS_PROFILE", "mine")
    use_lake(issuing, "profile")


def test_endpoint_and_region_of_a_profile(issuing: Server, environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    keys = f"aws_access_key_id={issuing.key}\naws_secret_access_key={issuing.secret}"
    write_config(tmp_path, profile_mine=f"{keys}\nregion=us-east-1\nendpoint_url={issuing.endpoint}")
    environment.delenv("AWS_REGION")
    environment.setenv("AWS_PROFILE", "mine")
    lake = Lake("s3://lake/whole-profile")
    with lake.claim("run") as claim:
        assert lake.commit("files", write_file(lake, "a"), claim) == 1


def test_a_process_that_hands_out_credentials(issuing: Server, environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made = assume_role(issuing)
    answer = {"Version": 1} | {name: made[name] for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")}
    (tmp_path / "answer.json").write_text(json.dumps(answer), "utf-8")
    write_config(tmp_path, default=f"credential_process=cat {tmp_path}/answer.json")
    use_lake(issuing, "process")


def test_a_role_that_a_profile_assumes(issuing: Server, environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    keys = f"aws_access_key_id={issuing.key}\naws_secret_access_key={issuing.secret}"
    write_config(tmp_path, profile_base=keys, profile_role=f"role_arn={ROLE}\nsource_profile=base")
    environment.setenv("AWS_PROFILE", "role")
    use_lake(issuing, "role")


def test_web_identity(
    issuing: Server, provider: IdentityProvider, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text(provider.token(), "utf-8")
    environment.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "token"))
    environment.setenv("AWS_ROLE_ARN", ROLE)
    use_lake(issuing, "web-identity")


def test_an_instance_role(issuing: Server, environment: pytest.MonkeyPatch) -> None:
    with MetadataService(issuing, announced_s=600) as service:
        environment.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", service.address)
        use_lake(issuing, "instance")
    assert len(service.issued) == 1


def test_no_credentials_at_all(issuing: Server, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(StorageError, match="no S3 credentials: set AWS_ACCESS_KEY_ID"):
        use_lake(issuing, "nobody")


def test_a_run_outlives_its_credentials(
    built: Path, issuing: Server, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Driver and workers get new credentials from the container's role every 4 s; the old ones die after 12 s."""
    with MetadataService(issuing, announced_s=RENEWAL_S) as service:
        environment.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{service.address}/role")
        configuration = sample_configuration(
            tmp_path, lake="s3://lake/long", storage={"endpoint_url": issuing.endpoint}
        )
        started = time.monotonic()
        navab("run", "--config", configuration, "--set", "resources.num_cpus=2")
        lasted = time.monotonic() - started
        expired = [issued for issued in service.issued if is_refused(issuing, dict(issued))]
    print(f"the run lasted {lasted:.0f} s; {len(expired)} of {len(service.issued)} credentials expired meanwhile")
    assert len(expired) >= 2
    assert differences(tables(built), issuing.tables("long")) == []
