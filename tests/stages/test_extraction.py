"""Extraction with a model: what it is asked, what becomes of its answers, and what makes it be asked again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from navab.errors import EngineError
from navab.pipeline import _check_answered
from navab.stages import extraction
from navab.view import View
from tests.inprocess import article, open_small, rows, run_step, run_until, write_jsonl
from tests.models.chat_server import ChatServer, completion, failure, said

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


def extracted(view: View) -> list[dict[str, Any]]:
    """All statements of the articles of a lake."""
    run_until(view, "extraction")
    return [one for statements in rows(view, "extractions")["statements"] for one in statements]


def test_a_model_is_told_the_nation_by_its_name_and_whether_the_outlet_is_official(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", [article("us", SPEECH, source="Voice of America")])
    with ChatServer(honest) as server:
        run_until(opened(tmp_path, server), "extraction")
    assert "Outlet: Voice of America (United States). Official: true." in said(server.asked[-1])


def test_the_outlets_own_voice_is_at_home_whatever_a_model_says(tmp_path: Path) -> None:
    own = {"source_type": "official", "speaker": None, "speaker_nation": "foreign"}

    async def answer(_: ChatServer, __: dict[str, Any]) -> web.StreamResponse:
        return completion(
            {"statements": [FOUND | own, FOUND | {"text": "Fishermen need help.", "speaker_nation": "foreign"}]}
        )

    write_jsonl(tmp_path / "a.jsonl", [article("us", SPEECH)])
    with ChatServer(answer) as server:
        found = extracted(opened(tmp_path, server))
    assert [one["speaker_nation"] for one in found] == ["home", "foreign"]


def test_the_same_words_of_two_people_are_two_statements(tmp_path: Path) -> None:
    other = FOUND | {"evidence": SPEECH, "speaker": "Paul Renard", "speaker_nation": "foreign"}

    async def answer(_: ChatServer, __: dict[str, Any]) -> web.StreamResponse:
        return completion({"statements": [FOUND, other, FOUND]})

    write_jsonl(tmp_path / "a.jsonl", [article("us", SPEECH)])
    with ChatServer(answer) as server:
        found = extracted(opened(tmp_path, server))
    assert [one["speaker"] for one in found] == ["Ruth Calloway", "Paul Renard"]


def test_a_window_that_failed_beside_an_empty_one_is_the_reason_for_having_nothing(tmp_path: Path) -> None:
    async def answer(_: ChatServer, body: dict[str, Any]) -> web.StreamResponse:
        return completion({"statements": []} if "Ferries" in said(body) else "I would rather not.")

    quiet = "The harbour was quiet, and the fishermen of the town mended their nets in the rain. " * 7
    write_jsonl(tmp_path / "a.jsonl", [article("us", f"{SPEECH} {quiet}")])
    with ChatServer(answer) as server:
        view = opened(tmp_path, server, window_chars=500, overlap_chars=0)
        assert extracted(view) == []
    assert sum("Outlet:" in said(asked) for asked in server.asked) == 2
    assert rows(view, "extractions")["rejected_reason"].to_list() == ["not_json"]


def test_what_a_server_turns_away_stays_pending(tmp_path: Path) -> None:
    async def answer(_: ChatServer, body: dict[str, Any]) -> web.StreamResponse:
        if "Outlet:" in said(body):
            return failure(429, "quota exceeded", {"Retry-After": "7200"})
        return completion({"english": "Ports", "native": "Ports"})

    write_jsonl(tmp_path / "a.jsonl", [article("us", SPEECH)])
    with ChatServer(answer) as server:
        view = opened(tmp_path, server)
        run_until(view, "screening")
        with view.lake.claim("test") as claim:
            assert run_step(view, claim, "extraction") == 1
        assert view.pending("extractions").height == 1
        with pytest.raises(
            EngineError, match="left 1 rows of step extraction unanswered: its server turns requests away"
        ):
            _check_answered(extraction.STAGE.steps[0], view)
