"""The http engine: any server that speaks the OpenAI chat completions API.

Requests are bounded in number and retried with growing, jittered pauses where trying again can help; what a server
refuses for good is a counted reason. A server that is down ends the run: its rows stay pending.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import random
import re
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp

from navab.errors import EngineError
from navab.models.answers import choice_logprobs, json_schema, read_answer
from navab.models.budget import Budget
from navab.models.engine import ENGINE_ERROR, PROMPT_TOO_LONG, UNANSWERED, Request, Response
from navab.options.engine import EngineSection

log = logging.getLogger("navab.engine")

FAILURES_IN_A_ROW = 20  # requests without an answer among them: then it is not the requests
_CONNECT_TIMEOUT_S = 10.0
_PROBE_TIMEOUT_S = 10.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 60.0
_LONGEST_ASKED_PAUSE_S = 600.0
_LIKELY_TOKENS = 20  # the API gives no more
_TOO_LONG = re.compile(r"context|too long|too many tokens|maximum.{0,20}(?:length|tokens)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why a request has no answer yet: a status, or none if the connection failed."""

    status: int | None
    message: str
    pause_s: float | None = None

    @property
    def may_pass(self) -> bool:
        """Whether the same request may be answered later."""
        return self.status is None or self.status in (200, 408, 409, 425, 429) or self.status >= 500


class HttpEngine:
    """Asks an OpenAI-compatible server; see `engine.http` for its options."""

    def __init__(self, options: EngineSection, name: str) -> None:
        self.name = name
        self._options = options
        self._http = options.http
        self._budget = Budget.of(options.http)
        self._gate = asyncio.Semaphore(options.http.concurrency)
        self._answered = 0
        self._failed_in_a_row = 0
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Open connections; raises EngineError if there is no address."""
        if self._http.base_url is None or self._options.model is None:
            raise EngineError("engine http needs engine.http.base_url and engine.model")
        key = os.environ.get(self._http.api_key_env)
        self._session = aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=aiohttp.ClientTimeout(total=self._http.timeout_s, sock_connect=_CONNECT_TIMEOUT_S),
            connector=aiohttp.TCPConnector(limit=self._http.concurrency),
        )

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def answer(self, request: Request) -> Response:
        """Answer a request; raises EngineError if the server is down or refuses everything."""
        async with self._gate:
            if self._budget.is_spent:
                return Response(error=UNANSWERED)
            started = time.perf_counter()
            response = await self._ask(request)
            return replace(response, latency_s=time.perf_counter() - started)

    async def _ask(self, request: Request) -> Response:
        body = self._body(request)
        answered_before = self._answered
        failure = _Failure(None, "")
        for attempt in range(self._http.max_retries + 1):
            if attempt:
                await asyncio.sleep(_pause(attempt, failure))
            outcome = await self._post(body)
            if not isinstance(outcome, _Failure):
                self._answered += 1
                self._failed_in_a_row = 0
                return self._read(request, outcome)
            failure = outcome
            if not failure.may_pass:
                break
        return await self._give_up(failure, alone=self._answered == answered_before)

    async def _give_up(self, failure: _Failure, *, alone: bool) -> Response:
        """The reason why a request has no answer; raises EngineError if the fault is not the request's."""
        where = f"endpoint {self._http.base_url}"
        if failure.status in (401, 403, 404):
            raise EngineError(
                f"{where} refuses model {self._options.model}: HTTP {failure.status}: {failure.message}; "
                f"check engine.model and the key in {self._http.api_key_env}"
            )
        self._failed_in_a_row += 1
        down = failure.may_pass and alone and not await self._is_up()
        if down or self._failed_in_a_row >= FAILURES_IN_A_ROW:
            raise EngineError(f"{where} does not answer: {failure.message}; run the same command again when it does")
        too_long = failure.status in (400, 413, 422) and _TOO_LONG.search(failure.message)
        return Response(error=PROMPT_TOO_LONG if too_long else ENGINE_ERROR)

    async def _is_up(self) -> bool:
        """Whether the server answers anything: the list of its models."""
        assert self._session is not None
        timeout = aiohttp.ClientTimeout(total=_PROBE_TIMEOUT_S)
        try:
            async with self._session.get(f"{self._http.base_url}/models", timeout=timeout) as answer:
                return bool(answer.status < 500)
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False

    async def _post(self, body: Mapping[str, Any]) -> Mapping[str, Any] | _Failure:
        """Send a request once."""
        assert self._session is not None
        request_id = uuid.uuid4().hex
        started = time.perf_counter()
        try:
            async with self._session.post(
                f"{self._http.base_url}/chat/completions", json=body, headers={"X-Request-Id": request_id}
            ) as answer:
                outcome = _outcome(answer.status, await answer.text(errors="replace"), answer.headers)
                request_id = answer.headers.get("X-Request-Id", request_id)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            outcome = _Failure(None, f"{type(error).__name__}: {error}".rstrip(": "))
        seconds = time.perf_counter() - started
        if isinstance(outcome, _Failure):
            log.warning("request %s failed after %.2f s: %s", request_id, seconds, outcome.message)
        else:
            log.info("request %s answered in %.2f s", request_id, seconds)
        return outcome

    def _body(self, request: Request) -> dict[str, Any]:
        sampling = request.sampling
        body: dict[str, Any] = {
            "model": self._options.model,
            "messages": [{"role": message.role, "content": message.content} for message in request.messages()],
            "max_tokens": sampling.max_tokens,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "seed": sampling.seed,
        }
        schema = json_schema(request)
        if schema is not None:
            described = {"name": request.task, "schema": schema, "strict": True}
            body["response_format"] = {"type": "json_schema", "json_schema": described}
        if request.choices:
            body |= {"logprobs": True, "top_logprobs": _LIKELY_TOKENS}
            if self._http.dialect == "vllm":
                body["structured_outputs"] = {"choice": list(request.choices)}
        if sampling.frequency_penalty:
            body["frequency_penalty"] = sampling.frequency_penalty
        if self._options.chat_template_kwargs:
            body["chat_template_kwargs"] = dict(self._options.chat_template_kwargs)
        return body

    def _read(self, request: Request, completion: Mapping[str, Any]) -> Response:
        choice = completion["choices"][0]
        usage = completion.get("usage") or {}
        prompt_tokens, output_tokens = int(usage.get("prompt_tokens", 0)), int(usage.get("completion_tokens", 0))
        self._budget.use(prompt_tokens, output_tokens)
        response = read_answer(request, choice["message"].get("content"), choice.get("finish_reason"))
        likely = _first_tokens(choice) if request.choices else {}
        if likely and response.error is None:
            response = replace(response, choice_logprobs=choice_logprobs(request.choices, likely))
        return replace(response, prompt_tokens=prompt_tokens, output_tokens=output_tokens)


def _outcome(status: int, text: str, headers: Mapping[str, str]) -> Mapping[str, Any] | _Failure:
    """A completion, or why there is none; 200 with anything else in it is a failure that may pass."""
    try:
        content = json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        content = None
    if status == 200 and _is_completion(content):
        return content  # type: ignore[no-any-return]
    shown = " ".join(_message(content, text).split())[:200]
    return _Failure(status, f"HTTP {status}: {shown}", _retry_after(headers.get("Retry-After")))


def _is_completion(content: Any) -> bool:
    try:
        return isinstance(content["choices"][0]["message"], dict)
    except (KeyError, IndexError, TypeError):
        return False


def _message(content: Any, text: str) -> str:
    error = content.get("error", content) if isinstance(content, dict) else None
    message = error.get("message") if isinstance(error, dict) else error
    return str(message or text)


def _retry_after(value: str | None) -> float | None:
    """Seconds to wait, from either form of the Retry-After header."""
    if value is None:
        return None
    if value.strip().isdigit():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None


def _pause(attempt: int, failure: _Failure) -> float:
    """Seconds before an attempt: what the server asks for, else doubling; with jitter, so that not all come at once."""
    doubling = min(_FIRST_PAUSE_S * 2.0 ** (attempt - 1), _LONGEST_PAUSE_S)
    if failure.pause_s is None:
        return doubling * random.uniform(0.5, 1.5)
    return min(failure.pause_s, _LONGEST_ASKED_PAUSE_S) + doubling * random.uniform(0.0, 0.5)


def _first_tokens(choice: Mapping[str, Any]) -> dict[str, float]:
    """Log probabilities of the tokens that the answer might have begun with."""
    content = (choice.get("logprobs") or {}).get("content") or []
    return {one["token"]: one["logprob"] for one in content[0].get("top_logprobs", [])} if content else {}
