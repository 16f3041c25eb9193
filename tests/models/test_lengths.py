"""Lengths of answers: strings share what tokens there are, and one that was broken off says so."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from navab.models.answers import json_schema
from navab.models.engine import Request
from navab.models.lengths import fit, mark_broken_off
from navab.models.prompts import Prompt
from navab.models.responses import ArticleTags, Extraction, Screening, TopicLabel, TripleText

OWN = {"evidence": 2000, "text": 600, "speaker": 200}


def schema(model: Any, **most_items: int) -> dict[str, Any]:
    request = Request(Prompt("navab.stages", "triples", 1), "us", "en", {}, model, most_items=most_items)
    return json_schema(request, with_lengths=True) or {}


def longest(part: dict[str, Any], letter: str = "x") -> Any:
    """The longest answer that a schema allows, all strings of one letter."""
    if "anyOf" in part:
        return longest(part["anyOf"][0], letter)
    if part.get("type") == "object":
        return {name: longest(one, letter) for name, one in part["properties"].items()}
    if part.get("type") == "array":
        return [longest(part["items"], letter)] * part["maxItems"]
    if "enum" in part:
        return max(part["enum"], key=len)
    return False if part["type"] == "boolean" else letter * part["maxLength"]


def lengths(part: dict[str, Any]) -> dict[str, int]:
    [statement] = longest(part)["statements"][:1]
    return {name: len(statement[name]) for name in OWN}


def test_a_small_budget_is_shared_and_leaves_room_for_names() -> None:
    found = lengths(fit(schema(Extraction, statements=1), 256, tokens_of_char=0.5))
    assert found == {"evidence": 214, "text": 117, "speaker": 67}


def test_a_large_budget_takes_nothing_away() -> None:
    assert lengths(fit(schema(Extraction, statements=5), 16_000, tokens_of_char=0.5)) == OWN


def test_five_statements_have_a_fifth_each() -> None:
    one, five = (lengths(fit(schema(Extraction, statements=n), 220 * n, tokens_of_char=1.0)) for n in (1, 5))
    assert all(abs(one[name] - five[name]) <= 5 for name in OWN)


@given(
    st.sampled_from([Extraction, TripleText, ArticleTags, TopicLabel, Screening]),
    st.integers(1, 8),
    st.integers(600, 20_000),
    st.floats(0.2, 3.0),
)
def test_the_longest_answer_fits(model: Any, most: int, tokens: int, tokens_of_char: float) -> None:
    fitted = fit(schema(model, **({"statements": most} if model is Extraction else {})), tokens, tokens_of_char)
    answer = json.dumps(longest(fitted), separators=(",", ":"))
    letters = answer.count("x")
    frame = len(answer) - letters
    assert frame / 2 + letters * tokens_of_char <= tokens


def test_without_room_a_string_may_still_have_a_character() -> None:
    assert set(lengths(fit(schema(Extraction, statements=1), 16, 1.0)).values()) == {1}


def test_a_string_that_fills_its_bound_ends_in_an_ellipsis() -> None:
    whole = schema(Extraction, statements=2)
    filled = {"evidence": "e" * 2000, "text": "t" * 599, "speaker": "s" * 200, "source_type": "quoted"}
    marked = mark_broken_off({"statements": [filled, {**filled, "speaker": None}]}, whole)["statements"]
    assert [one["evidence"][-2:] for one in marked] == ["e…", "e…"]
    assert [one["speaker"] and one["speaker"][-2:] for one in marked] == ["s…", None]
    assert {one["text"] for one in marked} == {"t" * 599}
    assert [len(one["evidence"]) for one in marked] == [2000, 2000]


def test_an_ellipsis_fits_into_every_answer() -> None:
    for model in (Extraction, TripleText, ArticleTags, TopicLabel, Screening):
        own = fit(schema(model, **({"statements": 1} if model is Extraction else {})), 1_000_000, 1.0)
        model.model_validate(mark_broken_off(longest(own), own))


def test_an_answer_that_is_held_to_nothing_is_left_alone() -> None:
    said = {"evidence": "e" * 3000, "text": "t"}
    assert mark_broken_off(said, {}) == said
