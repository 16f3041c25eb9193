"""Answers of models: whatever they write is a parsed answer or a reason, and never an exception."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from navab.models.answers import choice_logprobs, json_schema, read_answer
from navab.models.engine import Request
from navab.models.prompts import Prompt
from navab.models.responses import Extraction, TripleText

PROMPT = Prompt("navab.stages", "triples", 1)
TRIPLE = {"question": "Should ports be public?", "reversed_statement": "Ports should not be public."}


def asking(**answer: object) -> Request:
    return Request(PROMPT, "us", "en", {"statement": "Ports should be public."}, **answer)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(TRIPLE),
        f"```json\n{json.dumps(TRIPLE, indent=2)}\n```",
        f"Here it is: {json.dumps(TRIPLE)} I hope it helps.",
        f"<think>They want {{ braces }}.</think>{json.dumps(TRIPLE)}",
    ],
)
def test_json_is_found_in_what_surrounds_it(text: str) -> None:
    response = read_answer(asking(response_model=TripleText), text, "stop")
    assert response.parsed == TripleText(**TRIPLE)
    assert response.error is None


def test_a_list_may_hold_as_many_as_are_asked_for() -> None:
    schema = json_schema(asking(response_model=Extraction, most_items={"statements": 3}))
    assert schema is not None
    assert schema["properties"]["statements"]["maxItems"] == 3
    assert "maxItems" not in str(json_schema(asking(response_model=Extraction)))


@pytest.mark.parametrize(
    ("text", "finish_reason", "error"),
    [
        (None, "stop", "no_answer"),
        ("  \n", "stop", "no_answer"),
        (json.dumps(TRIPLE), "content_filter", "no_answer"),
        ("I cannot help with that.", "stop", "not_json"),
        ('{"question": "Should', "stop", "not_json"),
        ('{"question": "no no no no', "length", "cut_off"),
        ('{"question": 1, "reversed_statement": []}', "stop", "wrong_schema"),
        ('{"question": "Who?"}', "stop", "wrong_schema"),
        (json.dumps({**TRIPLE, "accepted": True}), "stop", "wrong_schema"),
        ("[" * 100_000, "stop", "not_json"),
        ('{"a":' * 100_000, "stop", "not_json"),
    ],
)
def test_what_is_no_answer_has_a_reason(text: str | None, finish_reason: str, error: str) -> None:
    response = read_answer(asking(response_model=TripleText), text, finish_reason)
    assert (response.parsed, response.error) == (None, error)


def test_a_choice_is_one_of_the_choices() -> None:
    assert read_answer(asking(choices=("A", "B")), " B\n", "stop").text == "B"
    assert read_answer(asking(choices=("A", "B")), "C", "stop").error == "wrong_schema"


def test_free_text_may_end_at_the_limit() -> None:
    assert read_answer(asking(), "Ports are", "length").text == "Ports are"


@given(st.text(max_size=300), st.sampled_from(["stop", "length", "content_filter", None]))
def test_anything_is_an_answer_or_a_reason(text: str, finish_reason: str | None) -> None:
    response = read_answer(asking(response_model=Extraction), text, finish_reason)
    assert (response.parsed is None) == (response.error is not None)


def test_logprobs_of_choices_sum_to_one_and_follow_their_first_tokens() -> None:
    found = choice_logprobs(("yes", "no"), {"yes": -0.5, " y": -3.0, "no": -2.0, "maybe": -0.1})
    assert math.isclose(sum(map(math.exp, found.values())), 1)
    assert found["yes"] > found["no"]
    assert choice_logprobs(("A", "B"), {"A": 0.0})["B"] < -50
    assert choice_logprobs(("A", "B"), {}) == pytest.approx({"A": math.log(0.5), "B": math.log(0.5)})
