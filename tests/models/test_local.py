"""Engines in this process: what a library raises over a request is that request's reason, unless it does over all."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

import pytest

from navab.errors import EngineError
from navab.models.budget import Budget
from navab.models.engine import Request, Response
from navab.models.local import LocalEngine
from navab.models.prompts import Prompt


@dataclass
class Brittle:
    """Answers with what it is asked, and raises as libraries do if that is too much for it."""

    name: str = "brittle"
    budget: Budget = field(default_factory=Budget)

    async def start(self) -> None:
        return

    async def answer(self, request: Request) -> Response:
        statement = request.inputs["statement"]
        if "odd" in statement:
            raise ValueError(f"cannot read {statement}")
        return Response(text=statement)

    async def close(self) -> None:
        return


def requests(*statements: str) -> list[Request]:
    prompt = Prompt("navab.stages", "triples", 1)
    return [Request(prompt, "us", "en", {"statement": statement}) for statement in statements]


def test_a_request_that_a_library_cannot_read_is_an_engine_error(caplog: pytest.LogCaptureFixture) -> None:
    engine = LocalEngine(Brittle())
    with caplog.at_level(logging.ERROR, "navab.engine"):
        responses = engine.generate(requests("Fine.", "An odd one.", "Fine again."))
    engine.close()
    assert [(one.text, one.error) for one in responses] == [
        ("Fine.", None),
        (None, "engine_error"),
        ("Fine again.", None),
    ]
    assert "cannot read An odd one." in caplog.text


def test_an_engine_that_fails_at_everything_ends_the_run() -> None:
    engine = LocalEngine(Brittle())
    with pytest.raises(EngineError, match="engine brittle fails at every request: ValueError: cannot read odd"):
        engine.generate(requests(*["odd"] * 40))
    engine.close()
