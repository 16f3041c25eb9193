"""Engines in Ray actors: one warm engine, in as many replicas as are wanted, serves all stages and nations of a run.

`EngineHost` is the actor; `HostedEngine` is what a unit's worker asks. A replica that dies is started again by Ray, and
what it had not answered is asked again. A request in whose company an engine died again and again is asked alone; if
the engine dies of it even then, the request is the poison and is refused. `navab/execution/engine_pool.py` makes the
actors.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import os
import random
import time
import uuid
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from navab.errors import EngineError, NavabError
from navab.models.budget import Usage
from navab.models.engine import ENGINE_DIED, UNANSWERED, EngineDiedError, Request, Response
from navab.models.local import AsyncEngine, Guard

if TYPE_CHECKING:
    from collections.abc import Callable

HOST_PREFIX = "navab-engine-"
DEATHS_IN_COMPANY = 3  # from then on a request is asked alone
DEATHS_IN_A_ROW = 6  # of hosts, with no verdict in between: then it is not the requests
CALL_SIZE = 32  # requests of one call of an actor
UNAVAILABLE_S = 1800.0  # for so long a host may take to come back
START_FAILURES = 3  # in a row, with no host up: then it will not start
TICKET_S = 30.0  # for so long a host waits for who has reserved it
_UP_S = 0.5  # for so long hosts are waited for that are perhaps up
_PAUSE_S, _GLANCE_S = 1.0, 0.1


class EngineHost:
    """Holds an engine for the workers of a run; made an actor by the pool."""

    def __init__(self, make: Callable[[], AsyncEngine]) -> None:
        _keep_log()
        self._engine = make()
        self._guard = Guard(self._engine)
        self._starting = asyncio.Lock()
        self._is_started = False
        self._is_stopped = False
        self._running = 0
        self._ticket: str | None = None  # of who has reserved it
        self._expires = math.inf
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

    async def has_used(self, before: Usage) -> Usage:
        """Know what it used before it was started again; returns what is used by now."""
        return self._engine.budget.has_used(before)

    async def reserve(self) -> str:
        """Take nothing any more but what has the ticket that is returned, once all else is answered."""
        ticket = uuid.uuid4().hex
        while self._valid_ticket() is not None:
            await asyncio.sleep(_GLANCE_S)
        self._ticket, self._expires = ticket, math.inf
        while self._running:
            await asyncio.sleep(_GLANCE_S)
        self._expires = time.monotonic() + TICKET_S
        return ticket

    async def answer(self, requests: Sequence[Request], ticket: str | None = None) -> list[Response] | None:
        """Answer requests in order; null if the host is reserved, or not for this ticket any more."""
        if self._is_stopped:
            return [Response(error=UNANSWERED)] * len(requests)
        if self._valid_ticket() != ticket:
            return None
        self._running += 1
        self._waiting += len(requests)
        try:
            await self.start()
            return await self._guard.answer_all(requests)
        except* EngineDiedError:
            os._exit(1)  # Ray starts another one
        except* NavabError as errors:
            raise errors.exceptions[0] from None
        finally:
            self._running -= 1
            self._waiting -= len(requests)
            if ticket is not None:
                self._ticket = None

    def _valid_ticket(self) -> str | None:
        """The ticket of who has reserved the host; who does not come for long may have died."""
        if time.monotonic() > self._expires and not self._running:
            self._ticket = None
        return self._ticket


class HostedEngine:
    """Asks the hosts of this Ray job."""

    def __init__(self, name: str) -> None:
        self.name = name

    def generate(self, requests: Sequence[Request]) -> list[Response]:
        """Answer requests in order, whatever hosts die meanwhile; raises EngineError if none can be answered."""
        answers: dict[int, Response] = {}
        deaths: Counter[int] = Counter()
        in_a_row = refused_in_a_row = 0
        while left := [index for index in range(len(requests)) if index not in answers]:
            suspect = next((index for index in left if deaths[index] >= DEATHS_IN_COMPANY), None)
            if suspect is None:
                found, died = self._together(requests, left, careful=any(deaths[index] for index in left))
                deaths.update(died)
                in_a_row = in_a_row + 1 if died and not found else 0
            elif response := self._alone(requests[suspect]):
                found = {suspect: response}
                in_a_row = 0
                refused_in_a_row = refused_in_a_row + 1 if response.error == ENGINE_DIED else 0
            else:
                continue
            answers |= found
            if DEATHS_IN_A_ROW in (in_a_row, refused_in_a_row):
                raise EngineError(
                    f"engine {self.name} died {DEATHS_IN_A_ROW} times in a row; see Ray's logs of its actors"
                )
        return [answers[index] for index in range(len(requests))]

    def _together(
        self, requests: Sequence[Request], left: Sequence[int], *, careful: bool
    ) -> tuple[dict[int, Response], list[int]]:
        """Ask once, one by one if `careful`: what was answered, and what a host died of or with."""
        import ray  # noqa: PLC0415

        size = 1 if careful else CALL_SIZE
        calls = [left[start : start + size] for start in range(0, len(left), size)]
        hosts = _hosts()
        first = random.randrange(len(hosts))
        asked = [
            (call, hosts[(first + at) % len(hosts)].answer.remote([requests[index] for index in call]))
            for at, call in enumerate(calls)
        ]
        found: dict[int, Response] = {}
        died: list[int] = []
        for call, promise in asked:
            try:
                if (responses := ray.get(promise)) is not None:
                    found |= dict(zip(call, responses, strict=True))
            except ray.exceptions.RayActorError:  # it was up when it was asked
                died += call
            except ray.exceptions.RayTaskError as error:
                raise plain_error(error) from None
        if not found and not died:
            time.sleep(_GLANCE_S)  # all are reserved
        return found, died

    def _alone(self, request: Request) -> Response | None:
        """Ask a host that answers nothing else meanwhile; null if it was not to be had.

        While it is waited for it may die of what others have asked, so that its death counts only after that.
        """
        import ray  # noqa: PLC0415

        host = random.choice(_hosts())
        try:
            ticket = ray.get(host.reserve.remote())
        except ray.exceptions.RayActorError:
            return None
        try:
            responses: list[Response] | None = ray.get(host.answer.remote([request], ticket))
        except ray.exceptions.RayActorError:
            return Response(error=ENGINE_DIED)
        except ray.exceptions.RayTaskError as error:
            raise plain_error(error) from None
        return responses[0] if responses else None


def has_hosts() -> bool:
    """Whether this process belongs to a Ray job that has engines."""
    import ray  # noqa: PLC0415

    return ray.is_initialized() and any(name.startswith(HOST_PREFIX) for name in ray.util.list_named_actors())


def _hosts() -> list[Any]:
    """The hosts of this job that are up; waits while none is."""
    import ray  # noqa: PLC0415

    until = time.monotonic() + UNAVAILABLE_S
    failures = 0
    while time.monotonic() < until:
        starting = {host.start.remote(): host for host in _named_hosts()}
        ready, _ = ray.wait(list(starting), num_returns=len(starting), timeout=_UP_S) if starting else ([], [])
        up: list[Any] = []
        failed: Exception | None = None
        for promise in ready:
            try:
                ray.get(promise)
                up.append(starting[promise])
            except ray.exceptions.RayActorError:  # being started again
                continue
            except ray.exceptions.RayTaskError as error:
                failed = error
        if up:
            return up
        failures += failed is not None
        if failed is not None and failures >= START_FAILURES:
            raise plain_error(failed) from None
        time.sleep(_PAUSE_S)
    raise EngineError("the engine's actors are gone and did not come back")


def _named_hosts() -> list[Any]:
    """All hosts of this job, up or not."""
    import ray  # noqa: PLC0415

    found = []
    for name in ray.util.list_named_actors():
        if name.startswith(HOST_PREFIX):
            with contextlib.suppress(ValueError):  # gone meanwhile
                found.append(ray.get_actor(name))
    return found


def plain_error(error: Exception) -> Exception:
    """navab's own error behind Ray's wrapper, if that is what went wrong.

    To be raised `from None`: the two name each other as their cause.
    """
    cause = getattr(error, "cause", None)
    return cause if isinstance(cause, NavabError) else error


def _keep_log() -> None:
    """Write what engines log to standard error, which Ray keeps in its session's logs."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    log = logging.getLogger("navab.engine")
    log.addHandler(handler)
    log.setLevel(logging.INFO)
