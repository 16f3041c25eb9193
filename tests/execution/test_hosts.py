"""Hosts of engines and the pool that looks after them, on a Ray of this process: its one GPU is only a number."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
import ray
from aiohttp import web

from navab.errors import EngineError
from navab.execution.engine_pool import AWAY_S, IDLE_S, EnginePool
from navab.models.engine import Request
from navab.models.engines import make_engine
from navab.models.hosted import HOST_PREFIX, EngineHost, HostedEngine
from navab.models.prompts import Prompt
from navab.models.responses import TripleText
from navab.options.engine import EngineSection, VllmSection
from tests.models.chat_server import ChatServer, completion

TRIPLE = {"question": "Should ports be public?", "reversed_statement": "Ports should not be public."}
ENGINE = HostedEngine("http small")


@pytest.fixture(scope="module", autouse=True)
def _one_gpu() -> Iterator[None]:
    ray.init(num_cpus=2, num_gpus=1, include_dashboard=False, logging_level="ERROR", log_to_driver=False)
    yield
    ray.shutdown()


@contextmanager
def one_engine(options: EngineSection) -> Iterator[EnginePool]:
    """A pool with its first engine, which may be starting; its thread does not run: tests look after it."""
    pool = EnginePool(options)
    pool._add()
    try:
        yield pool
    finally:
        pool.end()


def http(server: ChatServer, **options: Any) -> EngineSection:
    return EngineSection(kind="http", model="small", http={"base_url": server.base_url, **options})


def kill(pool: EnginePool) -> None:
    """Kill the one engine, and wait until Ray has started it again."""
    [(name, host)] = pool._hosts.items()
    before = ray.get(host.start.remote())
    ray.kill(host, no_restart=False)
    while pool._answers("start").get(name) in (None, before):
        pass


async def polite(_: ChatServer, __: dict[str, Any]) -> web.StreamResponse:
    return completion(TRIPLE)


def requests(count: int) -> list[Request]:
    prompt = Prompt("navab.stages", "triples", 1)
    return [Request(prompt, "us", "en", {"statement": f"No. {n}"}, TripleText) for n in range(count)]


def asked(count: int) -> list[str | None]:
    """Why there is no answer to each of some requests, null where there is one."""
    return [response.error for response in ENGINE.generate(requests(count))]


def test_a_replica_that_gets_no_gpu_is_ended_and_the_other_one_stays() -> None:
    options = {"replicas": 1, "max_replicas": 2, "gpus": 1}
    with one_engine(EngineSection(kind="vllm", model="small", vllm=options)) as pool:
        while not pool._answers("waiting"):
            pass
        pool._add()
        now = time.monotonic()
        pool._resize(now + IDLE_S + 1)
        assert len(pool._hosts) == 2, "it may be starting"
        pool._resize(now + IDLE_S + AWAY_S + 2)
        assert list(pool._hosts) == ["navab-engine-0"]


def test_a_replica_that_is_not_up_keeps_nobody_waiting() -> None:
    with ChatServer(polite) as server, one_engine(http(server)) as pool:
        lost = ray.remote(EngineHost).options(name=f"{HOST_PREFIX}1", num_gpus=2)
        pool._hosts["lost"] = lost.remote(partial(make_engine, pool._options))
        assert asked(3) == [None] * 3


def test_an_engine_that_never_starts_is_one_line() -> None:
    with (
        one_engine(EngineSection(kind="http", model="small")),
        pytest.raises(EngineError, match=r"engine http needs engine\.http\.base_url"),
    ):
        asked(1)


def test_a_budget_is_not_forgotten_when_an_engine_dies() -> None:
    with ChatServer(polite) as server, one_engine(http(server, budget_tokens=300, concurrency=1)) as pool:
        assert asked(2) == [None, None]
        pool._count(time.monotonic())
        kill(pool)
        pool._count(time.monotonic())
        assert asked(3) == [None, "budget_spent", "budget_spent"]


def test_engines_that_are_started_again_stop_too_when_the_gpu_hours_are_spent() -> None:
    with ChatServer(polite) as server:
        options = http(server).model_copy(update={"vllm": VllmSection(gpus=1, budget_gpu_hours=1)})
        with one_engine(options) as pool:
            pool._look_at(time.monotonic() + 3601)
            kill(pool)
            pool._look_at(time.monotonic() + 3602)
            assert asked(2) == ["budget_spent"] * 2


def test_who_has_reserved_an_engine_is_answered_alone() -> None:
    with ChatServer(polite) as server, one_engine(http(server)) as pool:
        [host] = pool._hosts.values()
        ticket = ray.get(host.reserve.remote())
        assert ray.get(host.answer.remote(requests(2))) is None
        [response] = ray.get(host.answer.remote(requests(1), ticket))
        assert response.error is None
        assert asked(2) == [None, None], "it is free again"
        assert ray.get(host.answer.remote(requests(1), ticket)) is None, "a ticket is good for one call"


def test_a_request_that_waits_to_be_asked_alone_is_not_blamed_for_a_death_meanwhile() -> None:
    with ChatServer(polite) as server, one_engine(http(server)) as pool, ThreadPoolExecutor() as threads:
        ray.get(pool._hosts["navab-engine-0"].reserve.remote())
        waiting = threads.submit(ENGINE._alone, requests(1)[0])
        with pytest.raises(TimeoutError):  # it waits for who has reserved the engine
            waiting.result(timeout=2)
        kill(pool)
        response = waiting.result() or ENGINE._alone(requests(1)[0])
    assert response is not None
    assert response.error is None
