"""Engines in Ray actors: one start serves all, a dead one is replaced, and nothing is lost or answered twice."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import psutil
import pytest
from aiohttp import web

from navab.errors import EngineError, RayLostError
from navab.execution.carrier import Carrier
from navab.lake.schema import load_schema
from navab.lake.storage import Storage
from navab.models.engine import Request, is_answered
from navab.models.engines import load_engine
from navab.models.prompts import Prompt
from navab.models.responses import TripleText
from navab.nations.registry import Registry
from navab.options.engine import EngineSection
from navab.options.resources import ResourcesSection
from navab.stages.base import Output, Unit
from tests.models.chat_server import ChatServer, completion, said

PROMPT = Prompt("navab.stages", "triples", 1)
TRIPLE = {"question": "Should ports be public?", "reversed_statement": "Ports should not be public."}


@dataclass(frozen=True)
class Ask:
    """Work that asks the engine once for each pending row."""

    options: EngineSection

    def __call__(self, unit: Unit, storage: Storage) -> Iterator[Output]:
        engine = load_engine(self.options, Registry.bundled())
        ids = unit.pending["statement_id"].to_list()
        responses = engine.generate([Request(PROMPT, "us", "en", {"statement": f"No. {n}"}, TripleText) for n in ids])
        rows = [
            {
                "statement_id": n,
                "nation": "us",
                "fingerprint": 1,
                "article_id": n,
                "question": None,
                "reversed_statement": None,
                "engine": engine.name,
                "prompt_tokens": response.prompt_tokens,
                "output_tokens": response.output_tokens,
                "refused_because": response.error,
            }
            for n, response in zip(ids, responses, strict=True)
            if is_answered([response])
        ]
        yield Output("wordings", load_schema("wordings").table(rows))


def units(count: int, rows: int) -> list[Unit]:
    frames = [pl.DataFrame({"statement_id": range(n * rows, (n + 1) * rows)}) for n in range(count)]
    return [Unit(f"unit-{n}", "us", frame) for n, frame in enumerate(frames)]


def carried(folder: Path, carrier: Carrier, options: EngineSection, work: list[Unit]) -> pl.DataFrame:
    files = [one.file for one in carrier.carry(work, Ask(options), options) if one.file is not None]
    return pl.concat(pl.read_parquet(folder / "tables" / "wordings" / file.path) for file in files)


def hosts() -> list[psutil.Process]:
    return [one for one in psutil.Process().children(recursive=True) if "EngineHost" in " ".join(one.cmdline())]


def test_a_killed_engine_is_replaced_and_every_row_is_answered_once(tmp_path: Path) -> None:
    once = threading.Lock()

    async def answer(server: ChatServer, _: dict[str, Any]) -> web.StreamResponse:
        await asyncio.sleep(0.02)
        if len(server.asked) >= 10 and once.acquire(blocking=False):
            for host in hosts():
                host.kill()
        return completion(TRIPLE)

    with ChatServer(answer) as server, Carrier(Storage(str(tmp_path)), ResourcesSection(num_cpus=2), 1) as carrier:
        options = EngineSection(kind="http", model="small", http={"base_url": server.base_url, "concurrency": 4})
        rows = carried(tmp_path, carrier, options, units(3, 20))
        first = {host.pid for host in hosts()}
        assert sorted(rows["statement_id"]) == list(range(60))
        assert rows["refused_because"].null_count() == 60
        assert server.most_at_once <= 8  # four of the dead engine may still have been on their way
        again = carried(tmp_path, carrier, options, units(2, 10))
        assert {host.pid for host in hosts()} == first  # still warm
        assert again.height == 20


def test_a_request_that_kills_engines_is_refused_and_its_company_is_not(tmp_path: Path) -> None:
    async def answer(_: ChatServer, body: dict[str, Any]) -> web.StreamResponse:
        if "No. 7\n" in said(body):
            for host in hosts():
                host.kill()
        await asyncio.sleep(0.02)
        return completion(TRIPLE)

    with ChatServer(answer) as server, Carrier(Storage(str(tmp_path)), ResourcesSection(num_cpus=2), 1) as carrier:
        options = EngineSection(kind="http", model="small", http={"base_url": server.base_url})
        rows = carried(tmp_path, carrier, options, units(2, 8))
    assert Counter(rows["refused_because"]) == {None: 15, "engine_died": 1}
    assert rows.filter(pl.col("refused_because").is_not_null())["statement_id"].to_list() == [7]


def test_a_budget_is_not_forgotten_when_ray_is_lost(tmp_path: Path) -> None:
    async def answer(_: ChatServer, __: dict[str, Any]) -> web.StreamResponse:
        return completion(TRIPLE)

    with ChatServer(answer) as server, Carrier(Storage(str(tmp_path)), ResourcesSection(num_cpus=1), 1) as carrier:
        http = {"base_url": server.base_url, "budget_tokens": 10}
        options = EngineSection(kind="http", model="small", http=http)
        first = carried(tmp_path, carrier, options, units(1, 1))
        assert first["prompt_tokens"].sum() + first["output_tokens"].sum() >= 10
        raylet = next(one for one in psutil.Process().children(recursive=True) if one.name() == "raylet")
        raylet.kill()
        with pytest.raises(RayLostError) as lost:
            carried(tmp_path, carrier, options, units(1, 1))
        carrier.recover(lost.value)
        answered = len(server.asked)
        assert all(one.file is None for one in carrier.carry(units(1, 2), Ask(options), options))
        assert len(server.asked) == answered


def test_an_engine_that_cannot_start_is_one_line(tmp_path: Path) -> None:
    options = EngineSection(kind="http", model="small", http={})
    storage = Storage(str(tmp_path))
    with Carrier(storage, ResourcesSection(num_cpus=1), 1) as carrier, pytest.raises(EngineError) as error:
        carried(tmp_path, carrier, options, units(1, 1))
    assert str(error.value) == "engine http needs engine.http.base_url and engine.model"
