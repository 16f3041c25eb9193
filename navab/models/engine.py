"""The one interface of every engine: a request goes in, a parsed response or an error comes out.

A stage builds requests and owns their response model; the engine knows how to answer them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from pydantic import BaseModel


@dataclass(frozen=True, slots=True)
class Request:
    """One question to an engine.

    `task` names the prompt (extraction or triples), `inputs` fills it; both are plain text.
    """

    task: str
    nation: str
    language: str
    inputs: dict[str, str]
    response_model: type[BaseModel]


@dataclass(frozen=True, slots=True)
class Response:
    """What an engine made of a request: exactly one of `parsed` and `error` is set."""

    parsed: BaseModel | None
    error: str | None = None
    prompt_tokens: int = 0
    output_tokens: int = 0
    latency_s: float = 0.0


class Engine(Protocol):
    """Answers requests, one response each, in order; a bad request never raises."""

    name: str

    def generate(self, requests: Sequence[Request]) -> list[Response]: ...
