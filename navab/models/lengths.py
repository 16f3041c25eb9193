"""How long the strings of an answer may get, for engines that hold a model to it character by character.

A response model says what length is no answer any more; a model that loops fills that, or all of its tokens. So lengths
can also be shortened until the longest answer fits into its tokens. A string that ends at its bound was broken off
there, and is marked.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

ELLIPSIS = "…"

_CHARS_OF_A_TOKEN = 2  # at least, in names and punctuation of JSON
_LONGEST = {"null": 4, "boolean": 5, "integer": 20, "number": 24, "string": 2}  # characters; of an empty string
_Schema = Mapping[str, Any]


def fit(schema: _Schema, max_tokens: int, tokens_of_char: float) -> dict[str, Any]:
    """A schema whose longest answer has no more than `max_tokens`, if no character costs more than it is said to.

    Strings share the tokens by the square roots of their own limits, which none exceeds: in proportion to the limits,
    evidence would leave no room for names. A list that may have any length is taken to have one element.
    """
    whole: dict[str, Any] = _inlined(schema, schema.get("$defs", {}))
    whole.pop("$defs", None)
    strings = list(_strings(whole, 1))
    tokens = max_tokens - _frame(whole) / _CHARS_OF_A_TOKEN
    parts = sum(times * math.sqrt(one["maxLength"]) for one, times in strings)
    for one, _ in strings:
        share = tokens / tokens_of_char * math.sqrt(one["maxLength"]) / parts
        one["maxLength"] = max(1, min(one["maxLength"], int(share)))
    return whole


def mark_broken_off(value: Any, schema: _Schema) -> Any:
    """An answer in which an ellipsis ends the strings that are as long as their schema lets them be."""
    return _marked(value, _inlined(schema, schema.get("$defs", {})))


def _marked(value: Any, schema: _Schema) -> Any:
    for choice in schema.get("anyOf", ()):
        value = _marked(value, choice)
    if isinstance(value, dict):
        return {name: _marked(one, schema.get("properties", {}).get(name, {})) for name, one in value.items()}
    if isinstance(value, list):
        return [_marked(one, schema.get("items", {})) for one in value]
    if isinstance(value, str) and len(value) >= schema.get("maxLength", math.inf):
        return value[: schema["maxLength"] - 1] + ELLIPSIS
    return value


def _inlined(schema: Any, definitions: _Schema) -> Any:
    """A copy of a schema that refers to nothing."""
    if isinstance(schema, list):
        return [_inlined(one, definitions) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    return {name: _inlined(value, definitions) for name, value in schema.items()}


def _strings(schema: dict[str, Any], times: int) -> Iterator[tuple[dict[str, Any], int]]:
    """The bounded strings of a schema, and how often an answer may have each."""
    if "maxLength" in schema:
        yield schema, times
    for part in (*schema.get("anyOf", ()), *schema.get("properties", {}).values()):
        yield from _strings(part, times)
    if "items" in schema:
        yield from _strings(schema["items"], times * schema.get("maxItems", 1))


def _frame(schema: _Schema) -> int:
    """Characters of the longest answer, but for what its strings hold."""
    if "anyOf" in schema:
        return max(_frame(one) for one in schema["anyOf"])
    if "enum" in schema or "const" in schema:
        return max(len(json.dumps(one)) for one in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "object":
        return 2 + sum(len(name) + len('"":,') + _frame(one) for name, one in schema["properties"].items())
    if schema.get("type") == "array":
        return 2 + int(schema.get("maxItems", 1)) * (1 + _frame(schema["items"]))
    return _LONGEST[schema["type"]]
