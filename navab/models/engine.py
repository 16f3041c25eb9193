"""The one interface of every engine: a request goes in, a parsed response or an error comes out.

A stage owns its prompt and its response model and builds requests; an engine knows how to answer them. A bad request
never raises: whatever an engine makes of it is a response with a reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from pydantic import BaseModel

from navab.errors import EngineError
from navab.models.prompts import Message, Prompt

# Why there is no answer; a row with one of these is refused and counted.
PROMPT_TOO_LONG = "prompt_too_long"  # it does not fit into the model's context
NO_ANSWER = "no_answer"  # empty, or the endpoint's filter kept it back
NOT_JSON = "not_json"  # a refusal in prose, or anything else that is no JSON
WRONG_SCHEMA = "wrong_schema"  # JSON of another shape
CUT_OFF = "cut_off"  # no end within `max_tokens`: the model loops, or has too much to say
ENGINE_ERROR = "engine_error"  # this request failed again and again while others were answered
ENGINE_DIED = "engine_died"  # the engine's processes ended whenever they were given this request
# No verdict on the request: its row stays pending.
UNANSWERED = "budget_spent"  # before its turn
TURNED_AWAY = "rate_limited"  # the server answers nobody any more, for its rate limit
_WHY_UNANSWERED = {
    UNANSWERED: "the engine's budget is spent; run the same command again to go on with a new budget",
    TURNED_AWAY: "the engine's server turns requests away; run the same command again when its rate limit allows it",
}

FAILURES_IN_A_ROW = 20  # requests without an answer among them: then it is not the requests


class EngineDiedError(Exception):
    """The engine's own processes ended; only another engine can answer."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a model picks its tokens; the defaults are greedy and therefore repeatable."""

    max_tokens: int = 1024
    temperature: float = 0.0
    frequency_penalty: float = 0.0
    top_p: float = 1.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Request:
    """One question to an engine.

    `inputs` fill the prompt; the rules engine reads them as they are. The answer is JSON of `response_model`; without
    one it is one of `choices`; without these as well it is free text. `choices` must begin differently (A/B, yes/no):
    their log probabilities are those of the first tokens. `most_items` bounds lists of the answer where the engine
    holds a model to a schema: small models never end a list of their own accord.
    """

    prompt: Prompt
    nation: str
    language: str
    inputs: Mapping[str, str]
    response_model: type[BaseModel] | None = None
    choices: tuple[str, ...] = ()
    most_items: Mapping[str, int] = field(default_factory=dict)
    sampling: Sampling = field(default_factory=Sampling)

    @property
    def task(self) -> str:
        """What is asked for: the prompt's name."""
        return self.prompt.name

    def messages(self) -> tuple[Message, ...]:
        """What a model is sent."""
        return self.prompt.render(self.language, self.inputs)


@dataclass(frozen=True, slots=True)
class Response:
    """What an engine made of a request.

    Without an `error`, `parsed` is set if the request has a response model, else `text` is. `choice_logprobs` has the
    log probability of every choice, normalised over them, where the engine gives any. `latency_s` counts from the
    moment the engine took the request; tokens that were used in vain are counted too.
    """

    parsed: BaseModel | None = None
    error: str | None = None
    text: str | None = None
    choice_logprobs: Mapping[str, float] | None = None
    prompt_tokens: int = 0
    output_tokens: int = 0
    latency_s: float = 0.0


def is_answered(responses: Sequence[Response]) -> bool:
    """Whether there is a verdict on all of them; a row without one stays pending."""
    return all(response.error not in _WHY_UNANSWERED for response in responses)


def check_answered(responses: Sequence[Response]) -> None:
    """Raise EngineError if there is no verdict on one of them."""
    for response in responses:
        if response.error in _WHY_UNANSWERED:
            raise EngineError(_WHY_UNANSWERED[response.error])


class Engine(Protocol):
    """Answers requests, one response each, in order; a bad request never raises.

    Raises EngineError if no request at all can be answered, so that a run ends and can be resumed.
    """

    name: str

    def generate(self, requests: Sequence[Request]) -> list[Response]: ...
