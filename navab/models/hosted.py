"""Engines in Ray actors: one warm engine, in as many replicas as are wanted, serves all stages and nations of a run.

`EngineHost` is the actor; `HostedEngine` is what a unit's worker asks. A replica that dies is started again by Ray, and
what it had not answered is asked again. A request in whose company an engine died again and again is asked alone; if
the engine dies of it even then, the request is the poison and is refused. `navab/engine_pool.py` makes the actors.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from navab.errors import EngineError, NavabError
from navab.models.engine import ENGINE_DIED, UNANSWERED, Request, Response
from navab.models.local import AsyncEngine, answer_all
from navab.models.vllm import EngineDiedError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

HOST_PREFIX = "navab-engine-"
DEATHS_IN_COMPANY = 2  # from then on a request is asked alone
DEATHS_IN_A_ROW = 6  # of hosts, with no answer in between: then it is not the requests
CALL_SIZE = 32  # requests of one call of an actor
UNAVAILABLE_S = 1800.0  # for so long a host may take to come back
_PAUSE_S = 1.0


class EngineHost:
    """Holds an engine for the workers of a run; made an actor by the pool."""

    def __init__(self, make: Callable[[], AsyncEngine]) -> None:
        self._engine = make()
        self._starting = asyncio.Lock()
        self._is_started = False
        self._is_stopped = False
        self._company = asyncio.Condition()
        self._running = 0
        self._is_reserved = False
        self._waiting = 0

    async def start(self) -> int:
        """Load the engine unless that is done; returns the process id. Raises EngineError if it cannot be loaded."""
        async with self._starting:
            if not self._is_started:
                await self._engine.start()
                self._is_started = True
        return os.getpid()

    async def waiting(self) -> int:
        """Requests that were taken and not answered yet."""
        return self._waiting

    async def stop_answering(self) -> None:
        """The budget is spent: what comes from now on stays unanswered."""
        self._is_stopped = True

    async def answer(self, requests: Sequence[Request], *, alone: bool) -> list[Response]:
        """Answer requests in order; `alone`: while no others are being answered."""
        if self._is_stopped:
            return [Response(error=UNANSWERED)] * len(requests)
        self._waiting += len(requests)
        try:
            await self.start()
            async with self._reserved() if alone else self._shared():
                return await answer_all(self._engine, requests)
        except* EngineDiedError:
            os._exit(1)  # Ray starts another one
        except* NavabError as errors:
            raise errors.exceptions[0] from None
        finally:
            self._waiting -= len(requests)

    @asynccontextmanager
    async def _shared(self) -> AsyncIterator[None]:
        async with self._company:
            await self._company.wait_for(lambda: not self._is_reserved)
            self._running += 1
        try:
            yield
        finally:
            async with self._company:
                self._running -= 1
                self._company.notify_all()

    @asynccontextmanager
    async def _reserved(self) -> AsyncIterator[None]:
        async with self._company:
            await self._company.wait_for(lambda: not self._is_reserved)
            self._is_reserved = True
            await self._company.wait_for(lambda: self._running == 0)
        try:
            yield
        finally:
            async with self._company:
                self._is_reserved = False
                self._company.notify_all()


class HostedEngine:
    """Asks the hosts of this Ray job."""

    def __init__(self, name: str) -> None:
        self.name = name

    def generate(self, requests: Sequence[Request]) -> list[Response]:
        """Answer requests in order, whatever hosts die meanwhile; raises EngineError if none can be answered."""
        answers: dict[int, Response] = {}
        deaths: Counter[int] = Counter()
        in_a_row = 0
        while left := [index for index in range(len(requests)) if index not in answers]:
            found, died = self._round(requests, left, deaths)
            answers |= found
            for index in died:
                deaths[index] += 1
                if deaths[index] > DEATHS_IN_COMPANY + 1:
                    answers[index] = Response(error=ENGINE_DIED)
            in_a_row = 0 if found or not died else in_a_row + 1
            if in_a_row == DEATHS_IN_A_ROW:
                raise EngineError(f"engine {self.name} died {in_a_row} times in a row; see Ray's logs of its actors")
        return [answers[index] for index in range(len(requests))]

    def _round(
        self, requests: Sequence[Request], left: Sequence[int], deaths: Counter[int]
    ) -> tuple[dict[int, Response], list[int]]:
        """Ask once: what was answered, and what a host died of or with."""
        import ray  # noqa: PLC0415

        suspects = [index for index in left if deaths[index] > DEATHS_IN_COMPANY]
        calls: Iterable[Sequence[int]]
        if suspects:
            calls = [suspects[:1]]
        else:
            size = 1 if any(deaths[index] for index in left) else CALL_SIZE
            calls = [left[start : start + size] for start in range(0, len(left), size)]
        hosts = _hosts()
        first = random.randrange(len(hosts))
        asked = [
            (call, hosts[(first + at) % len(hosts)].answer.remote([requests[i] for i in call], alone=bool(suspects)))
            for at, call in enumerate(calls)
        ]
        found: dict[int, Response] = {}
        died: list[int] = []
        for call, promise in asked:
            try:
                found |= dict(zip(call, ray.get(promise), strict=True))
            except ray.exceptions.RayActorError:  # it was up when it was asked
                died += call
            except ray.exceptions.RayTaskError as error:
                raise plain_error(error) from None
        return found, died


def has_hosts() -> bool:
    """Whether this process belongs to a Ray job that has engines."""
    import ray  # noqa: PLC0415

    return ray.is_initialized() and any(name.startswith(HOST_PREFIX) for name in ray.util.list_named_actors())


def _hosts() -> list[Any]:
    """The hosts of this job that are up; waits while all are being started again."""
    import ray  # noqa: PLC0415

    until = time.monotonic() + UNAVAILABLE_S
    while time.monotonic() < until:
        up = []
        for name in sorted(ray.util.list_named_actors()):
            if name.startswith(HOST_PREFIX):
                try:
                    host = ray.get_actor(name)
                    ray.get(host.start.remote())
                except (ValueError, ray.exceptions.RayActorError):  # gone, or being started again
                    continue
                except ray.exceptions.RayTaskError as error:
                    raise plain_error(error) from None
                up.append(host)
        if up:
            return up
        time.sleep(_PAUSE_S)
    raise EngineError("the engine's actors are gone and did not come back")


def plain_error(error: Exception) -> Exception:
    """navab's own error behind Ray's wrapper, if that is what went wrong.

    To be raised `from None`: the two name each other as their cause.
    """
    cause = getattr(error, "cause", None)
    return cause if isinstance(cause, NavabError) else error
