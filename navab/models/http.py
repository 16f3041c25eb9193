"""The http engine: any server that speaks the OpenAI chat completions API.

Requests are bounded in number and retried with growing, jittered pauses where trying again can help; what a server
refuses for good is a counted reason. A server that is down ends the run, and one that only turns requests away leaves
them unanswered: their rows stay pending.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp

from navab.errors import EngineError
from navab.models.answers import choice_logprobs, json_schema, read_answer
from navab.models.budget import Budget
from navab.models.completions import Completion, Failure, read_completion
from navab.models.engine import (
    ENGINE_ERROR,
    FAILURES_IN_A_ROW,
    PROMPT_TOO_LONG,
    TURNED_AWAY,
    UNANSWERED,
    Request,
    Response,
)
from navab.options.engine import EngineSection

log = logging.getLogger("navab.engine")

_CONNECT_TIMEOUT_S = 10.0
_PROBE_TIMEOUT_S = 10.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 60.0
_LONGEST_ASKED_PAUSE_S = 600.0  # a server that asks for more will not be waited for
_LIKELY_TOKENS = 20  # the API gives no more
_BYTES_OF_A_TOKEN = 3  # roughly, in any language: where a server does not count


@dataclass(slots=True)
class _Attempts:
    """The attempts at one request.

    Being turned away counts only while nobody else is answered either: for as many attempts as any failure, and for as
    long as an answer that is on its way may take.
    """

    most: int
    answer_s: float
    made: int = 0
    failed: int = 0
    turned_away: int = 0
    answered: int = 0  # requests of the engine, when this one was last known to be not the only one
    since: float = field(default_factory=time.monotonic)

    def add(self, failure: Failure, answered: int) -> None:
        """Count a failure; `answered` is how many requests the engine has answered so far."""
        self.made += 1
        if not failure.is_busy:
            self.failed += 1
        elif answered > self.answered:
            self.answered, self.turned_away, self.since = answered, 0, time.monotonic()
        else:
            self.turned_away += 1

    def is_over(self, failure: Failure) -> bool:
        """Whether there is to be no further attempt after the failure that was just added."""
        if not failure.may_pass or (failure.pause_s or 0.0) > _LONGEST_ASKED_PAUSE_S:
            return True
        waited = time.monotonic() - self.since
        return self.failed > self.most or (self.turned_away > self.most and waited > self.answer_s)

    def pause_s(self) -> float:
        """Seconds before the next attempt: doubling, with jitter, so that not all come at once."""
        doubling = _FIRST_PAUSE_S * 2.0 ** min(self.made - 1, 10)
        return min(doubling, _LONGEST_PAUSE_S) * random.uniform(0.5, 1.5)


class HttpEngine:
    """Asks an OpenAI-compatible server; see `engine.http` for its options."""

    def __init__(self, options: EngineSection, name: str) -> None:
        self.name = name
        self.budget = Budget.of(options.http)
        self._options = options
        self._http = options.http
        self._gate = asyncio.Semaphore(options.http.concurrency)
        self._closed_until = 0.0  # the gate: the server has asked for a pause
        self._is_turned_away = False
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
            if self.budget.is_spent:
                return Response(error=UNANSWERED)
            started = time.perf_counter()
            response = await self._ask(request)
            return replace(response, latency_s=time.perf_counter() - started)

    async def _ask(self, request: Request) -> Response:
        body = self._body(request)
        answered_before = self._answered
        attempts = _Attempts(self._http.max_retries, self._http.timeout_s, answered=answered_before)
        while not self._is_turned_away:
            await self._until_open()
            outcome = await self._post(body)
            if isinstance(outcome, Completion):
                self._answered += 1
                self._failed_in_a_row = 0
                return self._read(request, body, outcome)
            attempts.add(outcome, self._answered)
            if attempts.is_over(outcome):
                return await self._give_up(outcome, alone=self._answered == answered_before)
            if outcome.pause_s is not None:
                self._closed_until = max(self._closed_until, time.monotonic() + outcome.pause_s)
            await asyncio.sleep(attempts.pause_s())
        return Response(error=TURNED_AWAY)

    async def _until_open(self) -> None:
        """Wait as long as the server has asked anyone to; then not all come at once."""
        while (left := self._closed_until - time.monotonic()) > 0:
            await asyncio.sleep(left + random.uniform(0.0, _FIRST_PAUSE_S))

    async def _give_up(self, failure: Failure, *, alone: bool) -> Response:
        """The reason why a request has no answer; raises EngineError if the fault is not the request's."""
        where = f"endpoint {self._http.base_url}"
        if failure.is_too_long:
            return Response(error=PROMPT_TOO_LONG)
        if failure.is_busy:
            self._is_turned_away = True
            log.warning("%s answers nobody any more: %s", where, failure.message)
            return Response(error=TURNED_AWAY)
        if failure.status == 401 or (failure.status in (403, 404) and not self._answered):
            raise EngineError(
                f"{where} refuses model {self._options.model}: {failure.message}; "
                f"check engine.model and the key in {self._http.api_key_env}"
            )
        self._failed_in_a_row += 1
        down = failure.may_pass and alone and not await self._is_up()
        if down or self._failed_in_a_row >= FAILURES_IN_A_ROW:
            raise EngineError(f"{where} does not answer: {failure.message}; run the same command again when it does")
        return Response(error=ENGINE_ERROR)

    async def _is_up(self) -> bool:
        """Whether the server answers anything: the list of its models."""
        assert self._session is not None
        timeout = aiohttp.ClientTimeout(total=_PROBE_TIMEOUT_S)
        try:
            async with self._session.get(f"{self._http.base_url}/models", timeout=timeout) as answer:
                return bool(answer.status < 500)
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False

    async def _post(self, body: Mapping[str, Any]) -> Completion | Failure:
        """Send a request once."""
        assert self._session is not None
        request_id = uuid.uuid4().hex
        started = time.perf_counter()
        try:
            async with self._session.post(
                f"{self._http.base_url}/chat/completions", json=body, headers={"X-Request-Id": request_id}
            ) as answer:
                outcome = read_completion(answer.status, await answer.text(errors="replace"), answer.headers)
                request_id = answer.headers.get("X-Request-Id", request_id)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            outcome = Failure(None, f"{type(error).__name__}: {error}".rstrip(": "))
        seconds = time.perf_counter() - started
        if isinstance(outcome, Failure):
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

    def _read(self, request: Request, body: Mapping[str, Any], completion: Completion) -> Response:
        prompt_tokens, output_tokens = _used(body, completion)
        self.budget.use(prompt_tokens, output_tokens)
        response = read_answer(request, completion.text, completion.finish_reason)
        likely = completion.first_tokens if request.choices else {}
        if likely and response.error is None:
            response = replace(response, choice_logprobs=choice_logprobs(request.choices, likely))
        return replace(response, prompt_tokens=prompt_tokens, output_tokens=output_tokens)


def _used(body: Mapping[str, Any], completion: Completion) -> tuple[int, int]:
    """Tokens in and out, as the server counts them, else roughly."""
    counted = completion.usage
    prompt = counted.prompt_tokens if counted else None
    output = counted.completion_tokens if counted else None
    return (
        sum(_tokens(message["content"]) for message in body["messages"]) if prompt is None else prompt,
        _tokens(completion.text or "") if output is None else output,
    )


def _tokens(text: str) -> int:
    return -(-len(text.encode("utf-8", "replace")) // _BYTES_OF_A_TOKEN)
