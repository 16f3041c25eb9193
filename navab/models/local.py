"""Engines with an event loop, in this process: for commands and tests that run without Ray."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Coroutine, Sequence
from typing import Any, Protocol, TypeVar

from navab.errors import EngineError, NavabError
from navab.models.budget import Budget
from navab.models.engine import ENGINE_ERROR, FAILURES_IN_A_ROW, EngineDiedError, Request, Response

log = logging.getLogger("navab.engine")

T = TypeVar("T")


class AsyncEngine(Protocol):
    """Answers many requests at once; what it raises over one of them is for a `Guard` to judge."""

    name: str
    budget: Budget

    async def start(self) -> None: ...

    async def answer(self, request: Request) -> Response: ...

    async def close(self) -> None: ...


class Guard:
    """Has an engine answer; what a library raises over a request is that request's reason, and not the run's end.

    Unless it raises over every one: then it is not the requests.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._raised_in_a_row = 0

    async def answer_all(self, requests: Sequence[Request]) -> list[Response]:
        """Responses in the order of the requests; the first error that is none of theirs ends the others."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._answer(request)) for request in requests]
        return [task.result() for task in tasks]

    async def _answer(self, request: Request) -> Response:
        try:
            response = await self._engine.answer(request)
        except (NavabError, EngineDiedError):
            raise
        except Exception as error:
            log.exception("a request of task %s failed", request.task)
            self._raised_in_a_row += 1
            if self._raised_in_a_row >= FAILURES_IN_A_ROW:
                reason = " ".join(f"{type(error).__name__}: {error}".split())[:300]
                raise EngineError(f"engine {self._engine.name} fails at every request: {reason}") from error
            return Response(error=ENGINE_ERROR)
        self._raised_in_a_row = 0
        return response


class LocalEngine:
    """An asynchronous engine behind the interface of every engine: a thread of its own runs its loop."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.name = engine.name
        self._engine = engine
        self._guard = Guard(engine)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="engine", daemon=True)
        self._thread.start()
        self._run(engine.start())

    def generate(self, requests: Sequence[Request]) -> list[Response]:
        """Answer requests in order; raises EngineError if none can be answered."""
        try:
            return self._run(self._guard.answer_all(requests))
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None

    def close(self) -> None:
        self._run(self._engine.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()
