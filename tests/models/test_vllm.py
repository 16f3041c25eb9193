"""What a vLLM engine holds a model to: the grammars count characters rightly, and no answer outgrows its tokens."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from navab.models.engine import Request
from navab.models.lengths import fit
from navab.models.prompts import Prompt
from navab.models.responses import Extraction
from navab.models.vllm import answer_schema
from navab.options.engine import EngineSection
from tests.models.smollm2 import MODEL
from tests.models.test_lengths import longest

SAID = {
    "en": 'He said: "Every worker must have the right to strike, and no one may take it away."\n',
    "de": "Alle Beschäftigten müssen das Recht auf Streik haben, sagte die Ministerin. ",
    "zh": "所有劳动者的权利都应当得到保障，他说：“外国投资者不应该拥有我们的港口。”",
}


def options(**vllm: object) -> EngineSection:
    return EngineSection.model_validate({"kind": "vllm", "model": "small", "vllm": vllm})


def schema(options: EngineSection) -> dict[str, Any]:
    request = Request(Prompt("navab.stages", "extraction", 1), "us", "en", {}, Extraction, most_items={"statements": 2})
    return answer_schema(request, options) or {}


def test_lengths_are_sent_only_to_grammars_that_know_escapes() -> None:
    xgrammar = {"structured_outputs_config": {"backend": "xgrammar"}}
    assert "maxLength" in str(schema(options()))
    assert "maxLength" not in str(schema(options(engine_kwargs=xgrammar)))


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    from transformers import AutoTokenizer  # noqa: PLC0415  (of the environment of `make models`)

    return AutoTokenizer.from_pretrained(MODEL)


@pytest.fixture(scope="module")
def accepts(tokenizer: Any) -> Callable[[dict[str, Any], Any], bool]:
    """Whether vLLM's grammar of a schema takes an answer."""
    import llguidance.hf  # noqa: PLC0415
    from vllm.v1.structured_output.backend_guidance import serialize_guidance_grammar  # noqa: PLC0415
    from vllm.v1.structured_output.backend_types import StructuredOutputOptions  # noqa: PLC0415

    known = llguidance.hf.from_tokenizer(tokenizer)

    def accepts(held_to: dict[str, Any], answer: Any) -> bool:
        grammar = serialize_guidance_grammar(StructuredOutputOptions.JSON, json.dumps(held_to), True)
        matcher = llguidance.LLMatcher(known, grammar)
        tokens = tokenizer(written(answer)).input_ids
        return bool(matcher.validate_tokens(tokens) == len(tokens))

    return accepts


def written(answer: Any) -> str:
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":"))


@pytest.mark.models
@pytest.mark.parametrize("letter", ["x", "ß", "中", "😀", '"', "\\", "\n"])
def test_a_string_has_as_many_characters_as_its_bound_and_no_more(accepts: Any, letter: str) -> None:
    held_to = fit(schema(options()), 2000, 1.0)
    answer = longest(held_to, letter)
    assert accepts(held_to, answer)
    for name in ("evidence", "text", "speaker"):
        [first, second] = answer["statements"]
        assert not accepts(held_to, {"statements": [first, {**second, name: second[name] + letter}]})


@pytest.mark.models
def test_own_lengths_and_the_outlet_s_own_voice_are_taken(accepts: Any) -> None:
    held_to = schema(options())
    [one, _] = longest(fit(held_to, 1_000_000, 1.0), '"')["statements"]
    assert (len(one["evidence"]), len(one["text"])) == (2000, 600)
    assert accepts(held_to, {"statements": [{**one, "speaker": None}]})
    assert not accepts(held_to, {"statements": [one, one, one]})


@pytest.mark.models
@pytest.mark.parametrize("language", SAID)
@pytest.mark.parametrize("tokens", [256, 512, 1536])
def test_the_longest_answer_in_the_words_of_its_request_fits(tokenizer: Any, language: str, tokens: int) -> None:
    said = SAID[language] * 40
    held_to = fit(schema(options()), tokens, 2 * len(tokenizer(said).input_ids) / len(said))
    answer = longest(held_to)
    for one in answer["statements"]:
        one.update({name: said[: len(one[name])] for name in ("evidence", "text", "speaker")})
    assert len(tokenizer(written(answer)).input_ids) <= tokens
