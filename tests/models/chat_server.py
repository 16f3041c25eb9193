"""A chat completions server for tests: answers as it is told, and counts what it is asked."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from typing import Any, Self

from aiohttp import web

Answer = Callable[["ChatServer", dict[str, Any]], Awaitable[web.StreamResponse]]


class ChatServer:
    """Serves in a thread of its own; `asked` holds the bodies of all requests, `most_at_once` how many ran together."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._runner: web.AppRunner | None = None
        self.asked: list[dict[str, Any]] = []
        self.at_once = self.most_at_once = 0
        self.is_up = True
        self.port = 0

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._runner is not None
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _start(self) -> None:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_get("/v1/models", self._models)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def _models(self, _: web.Request) -> web.StreamResponse:
        return web.json_response({"data": []}, status=200 if self.is_up else 503)

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body = {**await request.json(), "headers": dict(request.headers), "transport": request.transport}
        self.asked.append(body)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            return await self._answer(self, body)
        finally:
            self.at_once -= 1


def said(body: dict[str, Any]) -> str:
    """What the last user turn of a request holds."""
    return str(body["messages"][-1]["content"])


def completion(content: object, finish_reason: str = "stop", **choice: object) -> web.Response:
    """A completion with some content, of 100 tokens in and 10 out."""
    text = content if isinstance(content, str) or content is None else json.dumps(content)
    return web.json_response(
        {
            "choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": finish_reason, **choice}],
            "usage": {"prompt_tokens": 100, "completion_tokens": 10},
        }
    )


def failure(status: int, message: str, headers: dict[str, str] | None = None) -> web.Response:
    """An error as such servers give it."""
    return web.json_response({"error": {"message": message}}, status=status, headers=headers)
