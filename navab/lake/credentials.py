"""Credentials of the object store: one provider a process, which renews them and which every client asks.

botocore's chain is resolved once: environment, profile (with credential_process, SSO or role), web identity,
container and instance role. Nothing here is ever pickled; every process resolves its own.
"""

from __future__ import annotations

import asyncio
import os
import re
from contextlib import suppress
from functools import cache
from typing import Any

import botocore.session
from aiobotocore.credentials import AioCredentials
from aiobotocore.session import AioSession
from botocore.configprovider import ConfiguredEndpointProvider
from botocore.credentials import Credentials, ReadOnlyCredentials
from botocore.exceptions import BotoCoreError, NoCredentialsError

_TOKEN_ELEMENT = re.compile(r"<(Token-\d+)>[^<]*")  # an S3 error repeats a session token that it refuses


@cache
def provider() -> Credentials:
    """What the chain finds in this process; it renews itself before it expires.

    Raises NoCredentialsError if there is nothing, and looks again the next time: a metadata service may be late.
    """
    found = _session().get_credentials()
    if found is None:
        raise NoCredentialsError
    return found


def current_credentials() -> ReadOnlyCredentials:
    """The credentials of this moment, renewed if they are about to expire.

    Raises NoCredentialsError, or what the source of the credentials raises.
    """
    return provider().get_frozen_credentials()


def without_credentials(text: str) -> str:
    """A text without the secret key and session token that the chain gives now, should they occur in it."""
    if provider.cache_info().currsize == 0:
        return text
    with suppress(BotoCoreError):
        frozen = current_credentials()
        for secret in filter(None, (frozen.secret_key, frozen.token)):
            text = text.replace(secret, "(masked)")
    return _TOKEN_ELEMENT.sub(r"<\1>(masked)", text)


def configured_endpoint() -> str | None:
    """The endpoint that environment or profile name for S3, None if they leave it to AWS."""
    session = _session()
    found = ConfiguredEndpointProvider(session.full_config, session.get_scoped_config(), "s3", os.environ).provide()
    return str(found) if found else None


def configured_region() -> str | None:
    """The region that environment or profile name."""
    found = _session().get_config_variable("region")
    return str(found) if found else None


def _session() -> botocore.session.Session:
    session = botocore.session.get_session()
    if region := os.environ.get("AWS_REGION"):  # other SDKs and deltalake know it; botocore reads AWS_DEFAULT_REGION
        session.set_config_variable("region", region)
    return session


class SharedCredentials(AioCredentials):  # type: ignore[misc]
    """The process's provider as aiobotocore asks for it: anew for every request that it signs."""

    def __init__(self) -> None:
        self.method = "navab"

    async def get_frozen_credentials(self) -> ReadOnlyCredentials:
        return await asyncio.to_thread(current_credentials)

    async def get_account_id(self) -> str | None:
        found: str | None = (await self.get_frozen_credentials()).account_id
        return found


class SharedSession(AioSession):  # type: ignore[misc]
    """A session whose clients sign with the process's provider."""

    async def get_credentials(self) -> SharedCredentials:
        return SharedCredentials()

    def __reduce__(self) -> Any:
        raise TypeError("a session stays in its process")
