"""From what a model wrote to a response: parsed, chosen or plain text, or the reason why it is none of these."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Mapping
from typing import Any

from pydantic import ValidationError

from navab.models.engine import CUT_OFF, NO_ANSWER, NOT_JSON, WRONG_SCHEMA, Request, Response
from navab.models.lengths import mark_broken_off

_THOUGHT = re.compile(r"^\s*<think>.*?</think>", re.DOTALL)
_NOT_SENT = frozenset({"default", "description", "title"})
_LEAST_LOGPROB = -100.0  # of a choice that is not among the likely tokens


def read_answer(
    request: Request, text: str | None, finish_reason: str | None, schema: Mapping[str, Any] | None = None
) -> Response:
    """Read a model's answer; token counts and latency are left to the engine.

    `finish_reason` is that of the OpenAI API: stop, length, content_filter. `schema` is the one that a model was held
    to, if strings end where it bounds them: those are marked.
    """
    answer = _THOUGHT.sub("", text or "").strip()
    if not answer or finish_reason == "content_filter":
        return Response(error=NO_ANSWER)
    if request.response_model is not None:
        return _read_json(request, answer, finish_reason, schema)
    if request.choices:
        chosen = next((choice for choice in request.choices if answer == choice), None)
        return Response(text=chosen) if chosen is not None else Response(error=WRONG_SCHEMA)
    return Response(text=answer)


def _read_json(request: Request, answer: str, finish_reason: str | None, schema: Mapping[str, Any] | None) -> Response:
    assert request.response_model is not None
    start = answer.find("{")
    if start < 0:
        return Response(error=NOT_JSON)
    try:
        value, _ = json.JSONDecoder().raw_decode(answer, start)
    except (json.JSONDecodeError, RecursionError):
        return Response(error=CUT_OFF if finish_reason == "length" else NOT_JSON)
    try:
        return Response(parsed=request.response_model.model_validate(mark_broken_off(value, schema or {})))
    except ValidationError:
        return Response(error=WRONG_SCHEMA)


def json_schema(request: Request, *, with_lengths: bool = False) -> dict[str, Any] | None:
    """The schema of a request's answer, null if it is not JSON.

    As strict structured outputs want it: all properties are required. Lengths of strings are left out unless they are
    asked for: some servers refuse them, and xgrammar 0.2 knows no escapes in bounded strings, so that none can hold a
    quotation mark.
    """
    if request.response_model is None:
        return None
    unsent = _NOT_SENT if with_lengths else _NOT_SENT | {"maxLength"}
    schema: dict[str, Any] = _strict(request.response_model.model_json_schema(), unsent)
    for name, most in request.most_items.items():
        schema["properties"][name]["maxItems"] = most
    return schema


def _strict(schema: Any, unsent: Collection[str]) -> Any:
    """A schema without what is not sent, all properties required."""
    if isinstance(schema, list):
        return [_strict(one, unsent) for one in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {name: _strict(value, unsent) for name, value in schema.items() if name not in unsent}
    if "properties" in schema:
        kept["properties"] = {name: _strict(value, unsent) for name, value in schema["properties"].items()}
        kept["required"] = list(schema["properties"])
    return kept


def choice_logprobs(choices: tuple[str, ...], first_token: Mapping[str, float]) -> dict[str, float]:
    """Log probabilities of the choices, normalised over them, from those of the answer's possible first tokens.

    A token counts for the choices that begin with it; of a choice that no token begins, `_LEAST_LOGPROB` is taken.
    """
    raw = {choice: _begins(choice, first_token) for choice in choices}
    total = _log_sum(list(raw.values()))
    return {choice: value - total for choice, value in raw.items()}


def _begins(choice: str, tokens: Mapping[str, float]) -> float:
    own = [value for token, value in tokens.items() if token.strip() and choice.startswith(token.strip())]
    return max(_log_sum(own), _LEAST_LOGPROB) if own else _LEAST_LOGPROB


def _log_sum(values: list[float]) -> float:
    largest = max(values)
    if math.isinf(largest):
        return largest
    return largest + math.log(sum(math.exp(value - largest) for value in values))
