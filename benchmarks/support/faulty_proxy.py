"""A proxy before an S3 server that behaves like a bad network: real connections, faults drawn from a seed.

It speaks HTTP/1.1 to both sides and changes nothing but what a fault asks for; the client's signature stays valid.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import struct
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from urllib.parse import urlsplit

# Kinds of faults; the store gets the request unless it says otherwise.
LATENCY = "latency"  # the request waits before it reaches the store
RESET = "reset before the store"  # the connection is reset; the store never hears of it
LOST_ANSWER = "answer lost"  # the store has done it, and the connection is reset
UNAVAILABLE = "503 before the store"  # the store never hears of it
ERROR_AFTER = "500 after the store"  # the store has done it, and the client is told that it failed
HALF_ANSWER = "half an answer"  # head and half of the body, then a reset
SLOW_ANSWER = "slow answer"  # the body trickles
STALL = "stalled, then reset"  # seconds of silence; the store never hears of it

RATES: Mapping[str, float] = {
    LATENCY: 0.05,
    RESET: 0.01,
    LOST_ANSWER: 0.01,
    UNAVAILABLE: 0.01,
    ERROR_AFTER: 0.005,
    HALF_ANSWER: 0.01,
    SLOW_ANSWER: 0.02,
    STALL: 0.002,
}
CONDITIONAL_RATES: Mapping[str, float] = {**RATES, LOST_ANSWER: 0.10, ERROR_AFTER: 0.05}  # for If-None-Match

_LATENCY_S, _TRICKLE_S, _STALL_S = (0.05, 0.5), (0.3, 2.0), (3.0, 6.0)
_TRICKLES = 10
_ERROR = b"<?xml version='1.0'?><Error><Code>%s</Code><Message>injected</Message></Error>"


@dataclass
class FaultyProxy:
    """Runs for the duration of a `with` block; `faults` counts what was injected, by kind and request."""

    backend: str
    seed: int
    rates: Mapping[str, float] = field(default_factory=lambda: RATES)
    conditional_rates: Mapping[str, float] = field(default_factory=lambda: CONDITIONAL_RATES)
    faults: Counter[tuple[str, str]] = field(default_factory=Counter)
    requests: Counter[str] = field(default_factory=Counter)

    def __enter__(self) -> FaultyProxy:
        self._chance = random.Random(self.seed)
        self._draws: dict[str, random.Random] = {}
        self._loop = asyncio.new_event_loop()
        started = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(started,), name="proxy", daemon=True)
        self._thread.start()
        started.wait()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def _serve(self, started: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._talk, "127.0.0.1", 0, limit=2**20))
        self._port = server.sockets[0].getsockname()[1]
        started.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client connection, request after request, with a connection of its own to the store."""
        store: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        try:
            while True:
                request = await _read_message(reader, writer)
                kind = _kind(request)
                fault = self._draw(kind)
                self.requests[kind] += 1
                if fault is not None:
                    self.faults[fault, kind] += 1
                if fault in (RESET, STALL):
                    await asyncio.sleep(0 if fault == RESET else self._between(_STALL_S))
                    return
                if fault == UNAVAILABLE:
                    await _send(writer, _failure(b"503 Service Unavailable", b"SlowDown"))
                    continue
                if fault == LATENCY:
                    await asyncio.sleep(self._between(_LATENCY_S))
                if store is None:
                    address = urlsplit(self.backend)
                    store = await asyncio.open_connection(address.hostname, address.port, limit=2**20)
                await _send(store[1], request.head + request.body)
                answer = await _read_message(store[0], store[1], is_answer_to=request)
                if not await self._answer(writer, answer, fault):
                    return
                if answer.ends_connection:
                    return
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            return  # either side hung up, or the proxy ends
        finally:
            _reset(writer)
            if store is not None:
                store[1].close()

    async def _answer(self, writer: asyncio.StreamWriter, answer: _Message, fault: str | None) -> bool:
        """Hand the store's answer on, or what the fault leaves of it; False if the connection is to be reset."""
        if fault == LOST_ANSWER:
            return False
        if fault == ERROR_AFTER:
            await _send(writer, _failure(b"500 Internal Server Error", b"InternalError"))
            return True
        if fault == HALF_ANSWER:
            await _send(writer, answer.head + answer.body[: len(answer.body) // 2])
            return False
        if fault == SLOW_ANSWER:
            await _send(writer, answer.head)
            step = -(-len(answer.body) // _TRICKLES) or 1
            pause = self._between(_TRICKLE_S) / _TRICKLES
            for start in range(0, len(answer.body), step):
                await asyncio.sleep(pause)
                await _send(writer, answer.body[start : start + step])
            return True
        await _send(writer, answer.head + answer.body)
        return True

    def _draw(self, kind: str) -> str | None:
        """A fault or none; kinds draw apart, so that how often a client reads does not change what its writes meet."""
        rates = self.conditional_rates if kind == "conditional PUT" else self.rates
        chance = self._draws.setdefault(kind, random.Random(f"{self.seed} {kind}"))
        return chance.choices([None, *rates], [1 - sum(rates.values()), *rates.values()])[0]

    def _between(self, limits: tuple[float, float]) -> float:
        return self._chance.uniform(*limits)


@dataclass(frozen=True, slots=True)
class _Message:
    """A request or an answer; `body` is as it came, chunk sizes included."""

    head: bytes
    body: bytes
    headers: Mapping[str, str]

    @property
    def first_line(self) -> str:
        return self.head.split(b"\r\n", 1)[0].decode("latin-1")

    @property
    def ends_connection(self) -> bool:
        return self.headers.get("connection", "").lower() == "close"


async def _read_message(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, is_answer_to: _Message | None = None
) -> _Message:
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")[1:]
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    message = _Message(head, b"", headers)
    if is_answer_to is not None:
        status = message.first_line.split(" ")[1]
        if status == "100":  # go on: the body has been sent already
            return await _read_message(reader, writer, is_answer_to)
        if is_answer_to.first_line.startswith("HEAD ") or status in ("204", "304"):
            return message
    elif headers.get("expect", "").lower() == "100-continue":
        await _send(writer, b"HTTP/1.1 100 Continue\r\n\r\n")
    if headers.get("transfer-encoding", "").lower() == "chunked":
        body = await _read_chunks(reader)
    else:
        body = await reader.readexactly(int(headers.get("content-length", 0)))
    return _Message(head, body, headers)


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    body = bytearray()
    while True:
        line = await reader.readuntil(b"\r\n")
        body += line
        size = int(line.split(b";")[0], 16)
        if size == 0:
            while (trailer := await reader.readuntil(b"\r\n")) != b"\r\n":
                body += trailer
            return bytes(body + b"\r\n")
        body += await reader.readexactly(size + 2)


def _kind(request: _Message) -> str:
    method = request.first_line.split(" ")[0]
    return "conditional PUT" if method == "PUT" and "if-none-match" in request.headers else method


def _failure(status: bytes, code: bytes) -> bytes:
    body = _ERROR % code
    return b"HTTP/1.1 %s\r\nContent-Type: application/xml\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)


async def _send(writer: asyncio.StreamWriter, content: bytes) -> None:
    writer.write(content)
    await writer.drain()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with a reset rather than in good order, whatever was sent before."""
    with contextlib.suppress(OSError):
        own: socket.socket | None = writer.get_extra_info("socket")
        if own is not None:
            own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.close()
