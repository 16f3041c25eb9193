"""Secrets: what is neither shown nor stored, whatever an error quotes or a configuration holds."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any

_MASK = "(masked)"
_SECRET_NAME = re.compile(r"secret|password|passwd|token(?!s)|credential|api_?key|access_?key|private_?key", re.I)
_PLACE_NAME = re.compile(r"_(id|env|file|path|ur[il])$", re.I)  # where a secret lies, or whose it is
_USER_IN_URL = re.compile(r"(?<=://)[^/@\s]+@")
_URL_QUERY = re.compile(r"(?<=://)([^\s?]+)\?\S+")
_SHORTEST = 8  # characters; what is shorter may be a word


def masked(text: str) -> str:
    """A text without the secrets of this process: those of its environment, and the store's present credentials."""
    for name, value in os.environ.items():
        if _is_secret(name) and len(value) >= _SHORTEST:
            text = text.replace(value, _MASK)
    if "navab.lake.credentials" not in sys.modules:  # S3 is not in use, and the import takes half a second
        return text
    from navab.lake.credentials import without_credentials  # noqa: PLC0415

    return without_credentials(text)


def without_secrets(value: Any) -> Any:
    """Copy a configuration with everything masked that could be a credential."""
    if isinstance(value, Mapping):
        return {
            str(key): _MASK if _is_secret(str(key)) and inner else without_secrets(inner)
            for key, inner in value.items()
        }
    if isinstance(value, str):
        return _URL_QUERY.sub(r"\1", _USER_IN_URL.sub("", value))
    if isinstance(value, Sequence):
        return [without_secrets(inner) for inner in value]
    return value


def _is_secret(name: str) -> bool:
    return _SECRET_NAME.search(name) is not None and _PLACE_NAME.search(name) is None
