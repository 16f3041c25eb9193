"""The http engine against a server that answers, refuses, hangs and cuts connections."""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from aiohttp import web

from navab.errors import EngineError
from navab.models.completions import retry_after
from navab.models.engine import Request, Sampling, is_answered
from navab.models.engines import check_engine, make_engine
from navab.models.local import LocalEngine
from navab.models.prompts import Prompt
from navab.models.responses import TripleText
from navab.options.engine import EngineSection
from tests.models.chat_server import Answer, ChatServer, completion, failure, said

PROMPT = Prompt("navab.stages", "triples", 1)
TRIPLE = {"question": "Should ports be public?", "reversed_statement": "Ports should not be public."}


@contextmanager
def asking(answer: Answer, **http: Any) -> Iterator[tuple[LocalEngine, ChatServer]]:
    """An engine that asks a server which answers so; without pauses that a test would wait for."""
    with ChatServer(answer) as server:
        options = {"base_url": server.base_url, "max_retries": 3, "timeout_s": 2.0, **http}
        engine = LocalEngine(make_engine(EngineSection(kind="http", model="small", http=options)))
        yield engine, server
        engine.close()


def triple(statement: str, **answer: Any) -> Request:
    return Request(PROMPT, "us", "en", {"statement": statement}, **(answer or {"response_model": TripleText}))


def test_the_schema_is_asked_for_and_the_answer_counted() -> None:
    async def answer(_: ChatServer, body: dict[str, Any]) -> web.StreamResponse:
        schema = body["response_format"]["json_schema"]["schema"]
        assert schema["additionalProperties"] is False
        assert schema["required"] == ["question", "reversed_statement"]
        assert (body["model"], body["temperature"], body["messages"][0]["role"]) == ("small", 0.0, "system")
        assert "frequency_penalty" not in body, "not every server knows it"
        return completion(TRIPLE)

    with asking(answer) as (engine, _):
        [response] = engine.generate([triple("Ports should be public.")])
    assert response.parsed == TripleText(**TRIPLE)
    assert (response.prompt_tokens, response.output_tokens) == (100, 10)
    assert response.latency_s > 0


def test_a_server_is_told_how_much_repeating_costs() -> None:
    async def answer(_: ChatServer, body: dict[str, Any]) -> web.StreamResponse:
        assert body["frequency_penalty"] == 0.5
        return completion(TRIPLE)

    penalised = Sampling(frequency_penalty=0.5)
    with asking(answer) as (engine, _):
        [response] = engine.generate([triple("Ports.", response_model=TripleText, sampling=penalised)])
    assert response.error is None


def test_every_row_is_accounted_for_whatever_the_server_does() -> None:
    seen: Counter[str] = Counter()

    async def answer(_: ChatServer, body: dict[str, Any]) -> web.StreamResponse:
        statement = said(body)
        seen[statement] += 1
        if "busy" in statement and seen[statement] == 1:
            return failure(429, "slow down", {"Retry-After": "0"})
        if "broken" in statement and seen[statement] <= 2:
            return failure(500, "oops")
        if "hangs" in statement and seen[statement] == 1:
            await asyncio.sleep(5)
        if "cut" in statement and seen[statement] == 1:
            body["transport"].close()
        if "page" in statement and seen[statement] == 1:
            return web.Response(text="<html>Gateway</html>", content_type="text/html")
        if "poison" in statement:
            return failure(500, "assertion failed")
        if "long" in statement:
            return failure(400, "This model's maximum context length is 4096 tokens")
        if "filtered" in statement:
            return completion(None, "content_filter")
        if "refused" in statement:
            return completion("I cannot help with that.")
        if "looping" in statement:
            return completion('{"question": "no no no no', "length")
        return completion(TRIPLE)

    kinds = ["fine", "busy", "broken", "hangs", "cut", "page", "poison", "long", "filtered", "refused", "looping"]
    statements = [f"{kind} {number}" for kind in kinds for number in range(3)]
    with asking(answer, concurrency=4, timeout_s=1.0) as (engine, server):
        responses = engine.generate([triple(statement) for statement in statements])
    found: dict[str, set[str | None]] = {kind: set() for kind in kinds}
    for statement, response in zip(statements, responses, strict=True):
        found[statement.split()[0]].add(response.error)
    accepted: dict[str, set[str | None]] = {kind: {None} for kind in ("fine", "busy", "broken", "hangs", "cut", "page")}
    assert found == accepted | {
        "poison": {"engine_error"},
        "long": {"prompt_too_long"},
        "filtered": {"no_answer"},
        "refused": {"not_json"},
        "looping": {"cut_off"},
    }
    assert 1 < server.most_at_once <= 4


def test_a_server_that_is_down_ends_the_run_with_one_line() -> None:
    async def answer(server: ChatServer, _: dict[str, Any]) -> web.StreamResponse:
        server.is_up = False
        return failure(503, "no capacity")

    with (
        asking(answer, max_retries=1) as (engine, _),
        pytest.raises(EngineError, match="does not answer: HTTP 503") as error,
    ):
        engine.generate([triple(f"Statement {number}.") for number in range(3)])
    assert "\n" not in str(error.value)


def test_a_server_that_refuses_everything_ends_the_run() -> None:
    async def answer(_: ChatServer, __: dict[str, Any]) -> web.StreamResponse:
        return failure(400, "response_format is not supported")

    with asking(answer) as (engine, _), pytest.raises(EngineError, match="response_format is not supported"):
        engine.generate([triple(f"Statement {number}.") for number in range(40)])


def test_prompts_that_are_too_long_are_no_sign_of_a_server_that_is_down() -> None:
    async def answer(_: ChatServer, __: dict[str, Any]) -> web.StreamResponse:
        return failure(400, "This model's maximum context length is 4096 tokens")

    with asking(answer) as (engine, _):
        responses = engine.generate([triple(f"Statement {number}.") for number in range(40)])
    assert {response.error for response in responses} == {"prompt_too_long"}


def test_a_request_that_is_forbidden_among_others_is_only_its_own_fault() -> None:
    async def answer(_: ChatServer, body: dict[str, Any]) -> web.StreamResponse:
        return failure(403, "blocked") if "forbidden" in said(body) else completion(TRIPLE)

    with asking(answer, concurrency=1) as (engine, _):
        responses = engine.generate([triple("Fine."), triple("A forbidden word."), triple("Fine again.")])
    assert [response.error for response in responses] == [None, "engine_error", None]


def test_a_model_that_is_not_there_ends_the_run() -> None:
    async def answer(_: ChatServer, __: dict[str, Any]) -> web.StreamResponse:
        return failure(404, "no such model")

    with (
        asking(answer) as (engine, _),
        pytest.raises(EngineError, match=r"refuses model small: HTTP 404.*engine\.model"),
    ):
        engine.generate([triple("Ports should be public.")])


def test_a_rate_limit_refuses_no_row_while_others_are_answered() -> None:
    async def answer(server: ChatServer, _: dict[str, Any]) -> web.StreamResponse:
        if server.at_once > 1:
            return failure(429, "one at a time")
        await asyncio.sleep(0.1)
        return completion(TRIPLE)

    with asking(answer, max_retries=0, concurrency=4) as (engine, server):
        responses = engine.generate([triple(f"Statement {number}.") for number in range(8)])
    assert {response.error for response in responses} == {None}
    assert len(server.asked) > 8, "some were turned away"


@pytest.mark.parametrize("headers", [{}, {"Retry-After": "0"}, {"Retry-After": "7200"}])
def test_what_is_turned_away_for_good_stays_unanswered(headers: dict[str, str]) -> None:
    async def answer(server: ChatServer, _: dict[str, Any]) -> web.StreamResponse:
        return completion(TRIPLE) if len(server.asked) == 1 else failure(429, "quota exceeded", headers)

    with asking(answer, max_retries=0, timeout_s=0.3, concurrency=1) as (engine, server):
        responses = engine.generate([triple(f"Statement {number}.") for number in range(30)])
    assert responses[0].error is None
    assert {response.error for response in responses[1:]} == {"rate_limited"}
    assert not is_answered(responses)
    assert len(server.asked) < 10, "nobody is asked any more"


def test_one_retry_after_is_a_pause_for_all() -> None:
    open_at = 0.0
    too_early: list[str] = []

    async def answer(server: ChatServer, body: dict[str, Any]) -> web.StreamResponse:
        nonlocal open_at
        if len(server.asked) == 1:
            open_at = time.monotonic() + 1
            return failure(503, "warming up", {"Retry-After": "1"})
        if len(server.asked) > 2 and time.monotonic() < open_at:  # two are on their way at once
            too_early.append(said(body))
        await asyncio.sleep(0.3)
        return completion(TRIPLE)

    with asking(answer, concurrency=2) as (engine, server):
        responses = engine.generate([triple(f"Statement {number}.") for number in range(6)])
    assert {response.error for response in responses} == {None}
    assert len(server.asked) == 7
    assert too_early == []


def test_tokens_are_estimated_where_a_server_does_not_count_them() -> None:
    async def answer(_: ChatServer, __: dict[str, Any]) -> web.StreamResponse:
        parts = [{"type": "thinking"}, {"type": "text", "text": json.dumps(TRIPLE)}]
        counted = {"prompt_tokens": None, "completion_tokens": None}
        return web.json_response({"choices": [{"message": {"content": parts}}], "usage": counted})

    with asking(answer) as (engine, _):
        [response] = engine.generate([triple("Ports should be public.")])
    assert response.parsed == TripleText(**TRIPLE)
    assert response.prompt_tokens > 100
    assert 20 < response.output_tokens < 50


@pytest.mark.parametrize("choice", [{"message": "Ports."}, {"message": {"content": {"text": 1}}}, {"text": "Ports."}])
def test_an_answer_of_another_form_is_a_failed_one(choice: dict[str, Any]) -> None:
    async def answer(_: ChatServer, body: dict[str, Any]) -> web.StreamResponse:
        return web.json_response({"choices": [choice]}) if "odd" in said(body) else completion(TRIPLE)

    with asking(answer, max_retries=0) as (engine, _):
        responses = engine.generate([triple("Fine."), triple("An odd one.")])
    assert [response.error for response in responses] == [None, "engine_error"]


def test_a_wrong_key_is_said_at_once() -> None:
    async def answer(_: ChatServer, __: dict[str, Any]) -> web.StreamResponse:
        return failure(401, "invalid key")

    with asking(answer) as (engine, server), pytest.raises(EngineError, match="OPENAI_API_KEY"):
        engine.generate([triple("Ports should be public.")])
    assert len(server.asked) == 1


def test_the_key_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_KEY", "secret")

    async def answer(_: ChatServer, body: dict[str, Any]) -> web.StreamResponse:
        assert body["headers"]["Authorization"] == "Bearer secret"
        return completion(TRIPLE)

    with asking(answer, api_key_env="SOME_KEY") as (engine, _):
        assert engine.generate([triple("Ports should be public.")])[0].error is None


@pytest.mark.parametrize(
    "budget", [{"budget_tokens": 1000}, {"budget_money": 0.105, "prompt_price": 100.0, "output_price": 100.0}]
)
def test_a_spent_budget_leaves_the_rest_unanswered(budget: dict[str, float]) -> None:
    async def answer(_: ChatServer, __: dict[str, Any]) -> web.StreamResponse:
        return completion(TRIPLE)

    with asking(answer, concurrency=2, **budget) as (engine, server):
        errors = Counter(r.error for r in engine.generate([triple(f"Statement {n}.") for n in range(30)]))
    assert errors[None] == len(server.asked)
    assert 10 <= errors[None] <= 11  # 110 tokens each; two may be on their way
    assert errors["budget_spent"] == 30 - errors[None]


def test_choices_have_log_probabilities() -> None:
    async def answer(_: ChatServer, body: dict[str, Any]) -> web.StreamResponse:
        assert body["structured_outputs"] == {"choice": ["yes", "no"]}
        tokens = [{"token": "yes", "logprob": -0.1}, {"token": "no", "logprob": -2.5}]
        return completion("yes", logprobs={"content": [{"token": "yes", "top_logprobs": tokens}]})

    with asking(answer, dialect="vllm") as (engine, _):
        [response] = engine.generate([triple("Is it so?", choices=("yes", "no"))])
    assert response.text == "yes"
    assert response.choice_logprobs is not None
    assert math.isclose(response.choice_logprobs["yes"] - response.choice_logprobs["no"], 2.4)


def test_both_forms_of_retry_after_are_honoured() -> None:
    assert retry_after("7") == 7
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert 25 < (retry_after(soon) or 0) <= 30
    assert retry_after("soon") is None
    assert retry_after(None) is None


def test_what_is_missing_is_named_before_anything_starts() -> None:
    with pytest.raises(EngineError, match=r"needs engine\.model"):
        check_engine(EngineSection(kind="http"))
    with pytest.raises(EngineError, match=r"needs engine\.http\.base_url"):
        check_engine(EngineSection(kind="http", model="small"))
