"""Extraction with a model: what it is asked, what becomes of its answers, and what makes it be asked again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aiohttp import web

from navab.view import View
from tests.inprocess import article, open_small, rows, run_until, write_jsonl
from tests.models.chat_server import ChatServer, completion, said

SPEECH = "The mayor Ruth Calloway said: “The city must protect its fishermen.” Ferries sail again from Tuesday."
FOUND = {
    "evidence": "The mayor Ruth Calloway said: “The city must protect its fishermen.”",
    "text": "The city must protect its fishermen.",
    "source_type": "quoted",
    "speaker": "Ruth Calloway",
    "speaker_nation": "home",
}
TRIPLE = {
    "question": "Must the city protect its fishermen?",
    "reversed_statement": "The city must not protect its fishermen.",
}


async def honest(_: ChatServer, body: dict[str, Any]) -> web.StreamResponse:
    """Finds the mayor's statement, and turns it round."""
    return completion({"statements": [FOUND]} if "Ferries" in said(body) else TRIPLE)


def opened(folder: Path, server: ChatServer, **engine: object) -> View:
    """A lake of a folder with a model that is asked about every article."""
    options = {"kind": "http", "model": "small", "http": {"base_url": server.base_url}} | engine
    return open_small(folder, engine=options, screening={"keep": "all"}, topics={"tagged": 0})


def test_a_penalty_for_repeating_asks_extraction_and_triples_again_and_nothing_else(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", [article("us", SPEECH)])
    with ChatServer(honest) as server:
        run_until(opened(tmp_path, server), "triples")
        again = run_until(opened(tmp_path, server, frequency_penalty=0.3), "triples")
        assert {step for step, pending in again.items() if pending} >= {"extraction", "wordings"}
        assert again["topics"] == again["screening"] == 0
        assert run_until(opened(tmp_path, server, frequency_penalty=0.3), "triples")["extraction"] == 0
        view = opened(tmp_path, server, frequency_penalty=0.3)
        assert rows(view, "wordings")["reversed_statement"].to_list() == [TRIPLE["reversed_statement"]] * 2
