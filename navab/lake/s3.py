"""Clients of an S3-compatible store: s3fs for files, options for deltalake; both wait out a store that is away.

A store that restarts, resets connections or answers 5xx is asked again, with growing, random pauses, until it has
failed for `retry_s`. botocore can only count attempts; so its own retries are off, and `Patience` decides.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import s3fs
from botocore.exceptions import ConnectionError as NoConnectionError
from botocore.exceptions import HTTPClientError, SSLError

from navab.lake.credentials import SharedSession, configured_endpoint, configured_region, current_credentials

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 5.0
_MOST_DELETED, _DELETIONS = 1000, 8  # objects a request; attempts
_BROKEN_BODIES = 8  # an answer whose body breaks off is fetched anew so many times, by s3fs
_PASSING = {
    "BadGateway",
    "ConditionalRequestConflict",
    "InternalError",
    "OperationAborted",
    "RequestTimeout",
    "ServiceUnavailable",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
}


class Patience:
    """Tells botocore whether and when to send a request that failed again.

    A request is given up once it has failed for `retry_s` seconds, or at once if the store has not answered anybody
    for that long.
    """

    def __init__(self, retry_s: float) -> None:
        self._retry_s = retry_s
        self._silent_since: float | None = None

    def __call__(
        self,
        response: tuple[Any, dict[str, Any]] | None,
        attempts: int,
        caught_exception: Exception | None,
        request_dict: dict[str, Any],
        **_: object,
    ) -> float | None:
        """Seconds to wait before the next attempt; None: no further attempt."""
        now = time.monotonic()
        if response is not None and response[0].status_code < 500:
            self._silent_since = None
        elif self._silent_since is None:
            self._silent_since = now
        if not _is_passing(response, caught_exception):
            return None
        failing_since = request_dict["context"].setdefault("failing_since", now)
        patient_until = min(failing_since, self._silent_since or now) + self._retry_s
        if now >= patient_until:
            return None
        pause = min(_FIRST_PAUSE_S * 2 ** (attempts - 1), _LONGEST_PAUSE_S)
        return float(min(pause * random.uniform(0.5, 1.0), patient_until - now))


def _is_passing(response: tuple[Any, dict[str, Any]] | None, error: Exception | None) -> bool:
    if response is None:
        return isinstance(error, (NoConnectionError, HTTPClientError)) and not isinstance(error, SSLError)
    http, parsed = response
    code = parsed.get("Error", {}).get("Code")
    return code in _PASSING or (http.status_code >= 500 and http.status_code != 501) or http.status_code == 429


@cache
def open_s3(endpoint_url: str | None, region: str | None, retry_s: float) -> s3fs.S3FileSystem:
    """The file system of a store, one for every process and set of options."""
    session = SharedSession()
    region = region or configured_region()
    session.register("needs-retry.s3", Patience(retry_s))
    files = s3fs.S3FileSystem(
        session=session,
        endpoint_url=endpoint_url,
        client_kwargs={"region_name": region} if region else {},
        config_kwargs={"retries": {"mode": "standard", "total_max_attempts": 1}},
        use_listings_cache=False,
        skip_instance_cache=True,
    )
    files.retries = _BROKEN_BODIES
    return files


def delta_options(endpoint_url: str | None, region: str | None, retry_s: float) -> dict[str, str]:
    """Options with which deltalake opens a table now: they hold credentials and are good for as long as those are.

    Raises botocore's errors if there are no credentials.
    """
    credentials = current_credentials()
    endpoint = endpoint_url or configured_endpoint()
    options = {
        "AWS_ACCESS_KEY_ID": credentials.access_key,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
        "AWS_SESSION_TOKEN": credentials.token,
        "AWS_REGION": region or configured_region(),
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ALLOW_HTTP": "true" if endpoint and endpoint.startswith("http://") else None,
        "max_retries": "1000",  # time is the limit
        "retry_timeout": f"{retry_s:.0f}s",
        "backoff_config.init_backoff": f"{_FIRST_PAUSE_S * 1000:.0f}ms",
        "backoff_config.max_backoff": f"{_LONGEST_PAUSE_S:.0f}s",
    }
    return {name: value for name, value in options.items() if value is not None}


def delete_objects(filesystem: s3fs.S3FileSystem, paths: Sequence[str]) -> None:
    """Delete objects, a thousand a request; those that are gone already do not matter.

    A store may refuse single objects in an answer that says 200, which s3fs passes over: what passes is tried again,
    and what does not raises OSError.
    """
    for batch in _batches(paths, _MOST_DELETED):
        left = [filesystem.split_path(path)[:2] for path in batch]
        for attempt in range(_DELETIONS):
            bucket = left[0][0]
            wanted = {"Objects": [{"Key": key} for _, key in left], "Quiet": True}
            answer = filesystem.call_s3("delete_objects", Bucket=bucket, Delete=wanted)
            errors = [error for error in answer.get("Errors", ()) if error.get("Code") != "NoSuchKey"]
            if not errors:
                break
            if attempt == _DELETIONS - 1 or any(error.get("Code") not in _PASSING for error in errors):
                first = errors[0]
                raise OSError(f"{len(errors)} objects stay, such as {first.get('Key')}: {first.get('Code')}")
            left = [(bucket, str(error["Key"])) for error in errors]
            time.sleep(random.uniform(0, _FIRST_PAUSE_S * 2**attempt))
    filesystem.invalidate_cache()


def _batches(paths: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(paths), size):
        yield paths[start : start + size]
