"""What an OpenAI-compatible server sends back: a completion, or why there is none."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from pydantic import BaseModel, Field, ValidationError

_TOO_LONG = re.compile(r"context|too long|too many tokens|maximum.{0,20}(?:length|tokens)", re.IGNORECASE)


class _Likely(BaseModel):
    token: str
    logprob: float


class _Token(BaseModel):
    top_logprobs: tuple[_Likely, ...] = ()


class _Logprobs(BaseModel):
    content: tuple[_Token, ...] | None = None


class _Part(BaseModel):
    text: str = ""  # other parts, such as thoughts, are no answer


class _Message(BaseModel):
    content: str | tuple[_Part, ...] | None = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None
    logprobs: _Logprobs | None = None


class _Usage(BaseModel):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class Completion(BaseModel):
    """An answer of the chat completions API, as far as navab reads it."""

    choices: tuple[_Choice, ...] = Field(min_length=1)
    usage: _Usage | None = None

    @property
    def text(self) -> str | None:
        """What the model wrote."""
        content = self.choices[0].message.content
        return "".join(part.text for part in content) if isinstance(content, tuple) else content

    @property
    def finish_reason(self) -> str | None:
        return self.choices[0].finish_reason

    @property
    def first_tokens(self) -> dict[str, float]:
        """Log probabilities of the tokens that the answer might have begun with."""
        logprobs = self.choices[0].logprobs
        tokens = (logprobs.content if logprobs else None) or ()
        return {one.token: one.logprob for one in tokens[0].top_logprobs} if tokens else {}


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a request has no answer yet: a status, or none if the connection failed."""

    status: int | None
    message: str
    pause_s: float | None = None  # that the server asks for

    @property
    def may_pass(self) -> bool:
        """Whether the same request may be answered later."""
        return self.status is None or self.status in (200, 408, 409, 425, 429) or self.status >= 500

    @property
    def is_busy(self) -> bool:
        """Whether the server only wants to be asked later, whatever the request."""
        return self.may_pass and (self.status == 429 or self.pause_s is not None)

    @property
    def is_too_long(self) -> bool:
        """Whether the request does not fit into the model's context."""
        return self.status in (400, 413, 422) and _TOO_LONG.search(self.message) is not None


def read_completion(status: int, text: str, headers: Mapping[str, str]) -> Completion | Failure:
    """A completion, or why there is none; 200 with anything else in it is a failure that may pass."""
    if status == 200:
        try:
            return Completion.model_validate_json(text)
        except ValidationError:
            pass
    shown = " ".join(_message(text).split())[:200]
    return Failure(status, f"HTTP {status}: {shown}", retry_after(headers.get("Retry-After")))


def _message(text: str) -> str:
    """The error message in a body, or the body if it is none that such servers write."""
    try:
        content: Any = json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        return text
    error = content.get("error", content) if isinstance(content, dict) else None
    message = error.get("message") if isinstance(error, dict) else error
    return str(message or text)


def retry_after(value: str | None) -> float | None:
    """Seconds to wait, from either form of the Retry-After header."""
    if value is None:
        return None
    if value.strip().isdigit():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None
