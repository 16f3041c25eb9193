"""What a bad day does to an OpenAI-compatible server: 429, 500, silence, cut connections, drawn from a seed.

For a `ChatServer`, which then is a proxy before a real server.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Mapping
from typing import Any

import aiohttp
from aiohttp import web

from tests.models.chat_server import ChatServer, failure

# Kinds of faults; the server behind hears of the request only with the last two.
BUSY = "429 with Retry-After"
FAILED = "500"
SILENT = "silence until the client gives up"
CUT = "connection cut before the server"
FAILED_AFTER = "500 after the server's answer"
LOST = "connection cut after the server's answer"

RATES: Mapping[str, float] = {BUSY: 0.10, FAILED: 0.08, SILENT: 0.04, CUT: 0.06, FAILED_AFTER: 0.04, LOST: 0.04}
_OWN = ("headers", "transport")  # what ChatServer adds to a body


class FaultyEndpoint:
    """Hands requests on to `backend` (an address up to /v1), or does what a fault asks for; counts faults by kind."""

    def __init__(self, backend: str, seed: int, rates: Mapping[str, float] = RATES) -> None:
        self._backend = backend
        self._chance = random.Random(seed)
        self._rates = rates
        self.faults: Counter[str] = Counter()

    async def __call__(self, server: ChatServer, body: dict[str, Any]) -> web.StreamResponse:
        fault = self._draw()
        if fault is not None:
            self.faults[fault] += 1
        if fault == BUSY:
            return failure(429, "slow down", {"Retry-After": "1"})
        if fault == FAILED:
            return failure(500, "internal error")
        if fault == SILENT:
            while not body["transport"].is_closing():
                await asyncio.sleep(0.05)
        if fault in (SILENT, CUT):
            return _cut(body)
        answer = await self._forward(body)
        if fault == FAILED_AFTER:
            return failure(500, "internal error")
        return _cut(body) if fault == LOST else answer

    async def _forward(self, body: Mapping[str, Any]) -> web.Response:
        sent = {name: value for name, value in body.items() if name not in _OWN}
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self._backend}/chat/completions", json=sent) as answer,
        ):
            return web.Response(status=answer.status, body=await answer.read(), content_type="application/json")

    def _draw(self) -> str | None:
        return self._chance.choices([None, *self._rates], [1 - sum(self._rates.values()), *self._rates.values()])[0]


def _cut(body: Mapping[str, Any]) -> web.Response:
    """Cut the client's connection; what is returned reaches nobody."""
    body["transport"].abort()
    return web.Response()
