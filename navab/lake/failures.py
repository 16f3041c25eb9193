"""What went wrong with a disk or an object store, as one line that says how to mend it."""

from __future__ import annotations

import errno
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from navab.errors import StorageError

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_ADVICE = (
    (
        r"NoCredentials|PartialCredentials",
        "no S3 credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile (AWS_PROFILE), or give the "
        "machine a role",
    ),
    (r"InvalidAccessKeyId", "the store does not know this access key: check AWS_ACCESS_KEY_ID or the profile"),
    (r"SignatureDoesNotMatch", "the secret key is wrong: check AWS_SECRET_ACCESS_KEY or the profile"),
    (r"ExpiredToken|InvalidToken|TokenRefreshRequired", "the session token is invalid or has expired: get a new one"),
    (r"NoRegionError", "no region: set storage.region, and AWS_REGION for a profile that assumes a role"),
    (r"RequestTimeTooSkewed", "the clocks of this machine and of the store differ: set them"),
    (r"NoSuchBucket", "the bucket does not exist: create it, or check the address and storage.endpoint_url"),
    (
        r"AuthorizationHeaderMalformed|PermanentRedirect|IllegalLocationConstraint|InvalidRegion",
        "wrong region or endpoint: set storage.region to the bucket's region and check storage.endpoint_url",
    ),
    (
        r"NotImplemented|code:501\b",
        "the store refuses a kind of request that navab needs, such as conditional writes (If-None-Match): use another",
    ),
    (
        r"AccessDenied|AllAccessDisabled|code:403\b|403 Forbidden",
        "access denied: the key must be allowed to list the bucket and to get, put and delete objects under the "
        "address",
    ),
    (r"SSLError|CERTIFICATE|certificate", "no TLS connection: check http:// or https:// in storage.endpoint_url"),
    (
        r"EndpointConnection|ConnectTimeout|ReadTimeout|ConnectionClosed|ClientPayload|ServerDisconnected|"
        r"error sending request",
        "no answer from the store: check storage.endpoint_url, the network and whether the store runs",
    ),
    (
        r"StorageFull|InsufficientStorage|No space left|os error 28\b|os error 122\b",
        "No space left: free some and run the same command again",
    ),
    (r"Read-only file system|os error 30\b", "Read-only file system: choose a folder that can be written to"),
    (r"Permission denied|os error 13\b", "Permission denied: choose a folder of yours, or have it made writable"),
    (r"Not a directory|os error 20\b", "Not a directory: part of the path is a file; choose another folder"),
)
_PASSING = re.compile(
    r"error reading a body|response body error|error decoding response body|IncompleteMessage|os error (104|32|103)\b"
)
_ERRNO = {
    errno.ENOSPC: "No space left",
    errno.EDQUOT: "No space left",
    errno.EROFS: "Read-only file system",
    errno.EACCES: "Permission denied",
    errno.ENOTDIR: "Not a directory",
}


@contextmanager
def reported(action: str, passed: type[OSError] | tuple[()] = ()) -> Iterator[None]:
    """Turn a failure within the block into `StorageError("cannot <action>: <what to do>")`.

    Errors of the type `passed` go through, unless it is the bucket that is missing.
    """
    try:
        yield
    except storage_failures() as error:
        if isinstance(error, passed) and not is_about_a_missing_bucket(error):
            raise
        raise StorageError(f"cannot {action}: {explain(error)}") from error


def storage_failures() -> tuple[type[Exception], ...]:
    """Errors with which a disk or an object store fails."""
    if "aiohttp" not in sys.modules:  # S3 is not in use, and the import takes half a second
        return (OSError, BotoCoreError, ClientError)
    from aiohttp import ClientError as HttpError  # noqa: PLC0415
    from botocore.parsers import ResponseParserError  # noqa: PLC0415

    return (OSError, BotoCoreError, ClientError, HttpError, ResponseParserError)


def explain(error: BaseException) -> str:
    """What an error of a disk, of s3fs or of deltalake means and how to mend it, in one line."""
    symptom = _symptom(error)
    for pattern, advice in _ADVICE:
        if re.search(pattern, symptom):
            return advice
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return " ".join(_COLOUR.sub("", str(error)).split()) or type(error).__name__


def is_about_a_missing_bucket(error: BaseException) -> bool:
    """Whether the store says that the bucket, rather than an object in it, does not exist."""
    return "NoSuchBucket" in _symptom(error)


def is_passing(error: BaseException) -> bool:
    """Whether a connection to a store broke off: the same request may succeed."""
    return _PASSING.search(_symptom(error)) is not None


def is_taken(error: BaseException) -> bool:
    """Whether a conditional write was refused because the file exists."""
    return re.search(r"PreconditionFailed|FileExistsError|code:412\b", _symptom(error)) is not None


def _symptom(error: BaseException) -> str:
    """Names, codes and messages of an error and of what caused it."""
    words: list[str] = []
    cause: BaseException | None = error
    while cause is not None:
        words += [type(cause).__name__, str(cause)]
        if isinstance(cause, ClientError):
            words.append(f"code:{cause.response.get('Error', {}).get('Code')}")
        if isinstance(cause, OSError) and not isinstance(cause.__cause__, ClientError) and cause.errno is not None:
            words.append(_ERRNO.get(cause.errno, os.strerror(cause.errno)))
        cause = cause.__cause__
    return " ".join(words)
