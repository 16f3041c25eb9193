"""Engines with an event loop, in this process: for commands and tests that run without Ray."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Sequence
from typing import Any, Protocol, TypeVar

from navab.models.engine import Request, Response

T = TypeVar("T")


class AsyncEngine(Protocol):
    """Answers many requests at once; a bad request never raises."""

    name: str

    async def start(self) -> None: ...

    async def answer(self, request: Request) -> Response: ...

    async def close(self) -> None: ...


async def answer_all(engine: AsyncEngine, requests: Sequence[Request]) -> list[Response]:
    """Responses in the order of the requests; the first error ends the others."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(engine.answer(request)) for request in requests]
    return [task.result() for task in tasks]


class LocalEngine:
    """An asynchronous engine behind the interface of every engine: a thread of its own runs its loop."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.name = engine.name
        self._engine = engine
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="engine", daemon=True)
        self._thread.start()
        self._run(engine.start())

    def generate(self, requests: Sequence[Request]) -> list[Response]:
        """Answer requests in order; raises EngineError if none can be answered."""
        try:
            return self._run(answer_all(self._engine, requests))
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None

    def close(self) -> None:
        self._run(self._engine.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()
