"""Prompts: versioned Jinja files beside the code that asks, with an example in each language.

`<package>/prompts/<name>-<version>.jinja` has the blocks `system` and `user`; `<name>-<version>.examples.yaml` maps a
language to `inputs` and the `answer` to them. What all requests of a language share comes first, so that a server with
a prefix cache reads it once. A changed file makes the rows of its language pending; a changed answer format is a new
version.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

import xxhash
from jinja2 import Environment, StrictUndefined, Template
from pydantic import BaseModel, ConfigDict

from navab.errors import ConfigurationError
from navab.plain_yaml import parse_own

Role = Literal["system", "user", "assistant"]
_FALLBACK = "en"  # the example of languages that have none
# What chat templates and tool formats take for control: <|im_start|>, </s>, <start_of_turn>, [INST], <｜User｜>.
_MARKUP = re.compile(r"<(?=[|/｜a-zA-Z_!])|(?<=[|/｜a-zA-Z_])>|\[(?=/?[A-Z_]{3,}\])")
_HARMLESS = {"<": "‹", ">": "›", "[": "("}


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Role
    content: str


class Example(BaseModel):
    """What a prompt shows in one language: inputs, and the answer to them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    inputs: Mapping[str, str]
    answer: Any


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt file of a package, such as Prompt("navab.stages", "extraction", 1)."""

    package: str
    name: str
    version: int

    def render(self, language: str, inputs: Mapping[str, str]) -> tuple[Message, ...]:
        """The messages for some inputs: instructions, an example in the language, the inputs.

        Inputs are data: no mark in them can open a turn, and `fence`, which the template may put around them, is a
        hash of them that they cannot contain.
        """
        template = _template(self)
        messages = [Message("system", _block(template, "system", language, {}))]
        example = self.example(language)
        if example is not None:
            answer = example.answer
            text = answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)
            messages += [Message("user", _block(template, "user", language, example.inputs))]
            messages += [Message("assistant", text)]
        return (*messages, Message("user", _block(template, "user", language, inputs)))

    def example(self, language: str) -> Example | None:
        """The example of a language, or the English one."""
        examples = _examples(self)
        return examples.get(language) or examples.get(_FALLBACK)

    def digest(self, language: str) -> str:
        """A hash of all that decides what is sent in a language, inputs apart."""
        example = self.example(language)
        shown = "" if example is None else example.model_dump_json()
        return _hash(self.name, str(self.version), _source(self), shown)


def as_data(text: str) -> str:
    """A text without marks that a chat template would take for the beginning of a turn."""
    return _MARKUP.sub(lambda mark: _HARMLESS[mark.group()], text)


def _block(template: Template, block: str, language: str, inputs: Mapping[str, str]) -> str:
    shown = {name: as_data(value) for name, value in inputs.items()}
    fence = _hash(*shown.values())
    context = template.new_context({**shown, "language": language, "fence": fence})
    return "".join(template.blocks[block](context)).strip()


def _read(prompt: Prompt, ending: str) -> str | None:
    file = resources.files(prompt.package) / "prompts" / f"{prompt.name}-{prompt.version}{ending}"
    return file.read_text("utf-8") if file.is_file() else None


@cache
def _source(prompt: Prompt) -> str:
    source = _read(prompt, ".jinja")
    if source is None:
        raise ConfigurationError(f"prompt {prompt.name}-{prompt.version} is not part of {prompt.package}")
    return source


@cache
def _template(prompt: Prompt) -> Template:
    return Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True).from_string(_source(prompt))


@cache
def _examples(prompt: Prompt) -> Mapping[str, Example]:
    written = parse_own(_read(prompt, ".examples.yaml") or "{}")
    return {language: Example.model_validate(example) for language, example in written.items()}


def _hash(*parts: str) -> str:
    return xxhash.xxh3_64_hexdigest("\0".join(parts).encode("utf-8", "surrogatepass"))
