"""Engines by configuration: what identifies their answers, and what is said of rows that they left."""

from __future__ import annotations

from typing import Any

import pytest

from navab.models.engines import engine_identity, why_unanswered
from navab.models.prompts import Prompt
from navab.options.engine import EngineSection

PROMPT = Prompt("navab.stages", "triples", 1)


def http(**options: Any) -> EngineSection:
    return EngineSection(kind="http", model="small", **options)


def test_a_penalty_counts_only_in_steps_that_ask_with_it() -> None:
    plain, penalised = http(), http(frequency_penalty=0.3)
    assert engine_identity(plain, PROMPT, "en") == engine_identity(penalised, PROMPT, "en")
    assert engine_identity(plain, PROMPT, "en", penalised=True) == engine_identity(plain, PROMPT, "en")
    assert engine_identity(penalised, PROMPT, "en", penalised=True)["frequency_penalty"] == 0.3


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (http(), "its server turns requests away for its rate limit"),
        (
            http(http={"budget_tokens": 1000}),
            "its budget is spent, or its server turns requests away for its rate limit",
        ),
        (EngineSection(kind="vllm", model="small"), "its budget is spent"),
    ],
)
def test_why_an_engine_may_leave_rows(options: EngineSection, reason: str) -> None:
    assert why_unanswered(options) == reason
