"""Who hands out credentials: an identity provider (OpenID Connect), and the metadata services of machine and container.

The credentials are real ones: an S3 server's own STS makes them, and refuses them once they have expired.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Any

import boto3
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.s3.server import Server

ROLE = "arn:aws:iam::role/Navab"
_ADVISORY_S = 15 * 60  # botocore renews credentials so long before they expire


class JsonService:
    """Answers requests with JSON for the duration of a `with` block."""

    def __enter__(self) -> Any:
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                content = service.answer(self.path)
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_PUT = do_GET  # noqa: N815

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self._http.serve_forever, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self._http.shutdown()
        self._http.server_close()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def answer(self, path: str) -> bytes:
        raise NotImplementedError


class IdentityProvider(JsonService):
    """Signs tokens that say who somebody is, and publishes the key with which they are checked."""

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def token(self) -> str:
        """A token of a worker, good for an hour."""
        now = int(time.time())
        claims = {"iss": self.address, "sub": "worker", "aud": "navab", "iat": now, "exp": now + 3600}
        signed = f"{_encoded({'alg': 'RS256', 'kid': 'one', 'typ': 'JWT'})}.{_encoded(claims)}"
        return f"{signed}.{_base64(self._key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"

    def answer(self, path: str) -> bytes:
        numbers = self._key.public_key().public_numbers()
        key = {"kty": "RSA", "kid": "one", "alg": "RS256", "use": "sig"}
        return json.dumps({"keys": [key | {"n": _number(numbers.n), "e": _number(numbers.e)}]}).encode()

    def write_iam(self, path: Path, lifetime_s: int) -> Path:
        """The configuration of an S3 server whose STS trusts this provider; its tokens live for `lifetime_s`."""
        everything = {"Effect": "Allow", "Action": ["s3:*"], "Resource": ["*"]}
        trust = [
            {"Effect": "Allow", "Principal": {"Federated": "*"}, "Action": ["sts:AssumeRoleWithWebIdentity"]},
            {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": ["sts:AssumeRole"]},
        ]
        role = {"roleName": "Navab", "roleArn": ROLE, "trustPolicy": _policy(trust), "attachedPolicies": ["Lake"]}
        provider = {"issuer": self.address, "clientId": "navab", "jwksUri": f"{self.address}/jwks"}
        configuration = {
            "sts": {
                "tokenDuration": f"{lifetime_s}s",
                "maxSessionLength": "12h",
                "issuer": "test-sts",
                "signingKey": base64.b64encode(b"a test's signing key, 32 bytes...").decode(),
            },
            "providers": [{"name": "test", "type": "oidc", "enabled": True, "config": provider}],
            "policy": {"defaultEffect": "Deny", "storeType": "memory"},
            "policies": [{"name": "Lake", "document": _policy([everything])}],
            "roles": [role],
        }
        path.write_text(json.dumps(configuration), "utf-8")
        return path


class MetadataService(JsonService):
    """The metadata service of a container or an instance: new credentials for everyone who asks.

    It claims that they live for `announced_s` beyond the 15 minutes before expiry at which clients renew them. What
    the store's STS made of them ends when its configuration says: that stands for the hours of a real one.
    """

    def __init__(self, server: Server, announced_s: int) -> None:
        self._server = server
        self._announced_s = announced_s
        self.issued: list[Mapping[str, str]] = []

    def answer(self, path: str) -> bytes:
        if path.endswith("/token"):
            return b"a token of the metadata service"
        if path.endswith("/security-credentials/"):
            return b"Navab"
        made = assume_role(self._server)
        expires = datetime.now(UTC) + timedelta(seconds=_ADVISORY_S + self._announced_s)
        answer = {
            "Code": "Success",
            "Type": "AWS-HMAC",
            "AccessKeyId": made["AccessKeyId"],
            "SecretAccessKey": made["SecretAccessKey"],
            "Token": made["SessionToken"],
            "Expiration": f"{expires:%Y-%m-%dT%H:%M:%SZ}",
            "LastUpdated": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        }
        self.issued.append(answer)
        return json.dumps(answer).encode()


def assume_role(server: Server) -> Mapping[str, str]:
    """Temporary credentials from an S3 server's STS."""
    client = boto3.client(
        "sts",
        endpoint_url=server.endpoint,
        region_name="us-east-1",
        aws_access_key_id=server.key,
        aws_secret_access_key=server.secret,
    )
    made: Mapping[str, str] = client.assume_role(RoleArn=ROLE, RoleSessionName="test-session")["Credentials"]
    return made


def _policy(statements: list[dict[str, Any]]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": statements}


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _encoded(content: Mapping[str, object]) -> str:
    return _base64(json.dumps(content).encode())


def _number(value: int) -> str:
    return _base64(value.to_bytes((value.bit_length() + 7) // 8, "big"))
