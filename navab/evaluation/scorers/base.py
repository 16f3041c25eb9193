"""The one interface of every scorer: how likely a model finds answers, and what it answers by itself.

Methods build prompts and read scores; a scorer knows one way to reach a model. Chat templates and token boundaries
belong to the scorer, which has the tokenizer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Choice:
    """A prompt and the answers whose log-probabilities are asked for.

    The text that a model reads is `prompt + answer`: an answer brings the space or line break before it. With `chat`
    the prompt is the user's turn of the model's chat template, if it has one, and answers open the model's turn.
    """

    prompt: str
    answers: tuple[str, ...]
    chat: bool = False


@dataclass(frozen=True, slots=True)
class Scored:
    """One answer's score: the sum of its tokens' log-probabilities (natural logarithm) after the prompt."""

    log_probability: float
    tokens: int
    prompt_tokens: int


@dataclass(frozen=True, slots=True)
class Free:
    """A prompt that the model answers by itself, greedily; `chat` as in Choice."""

    prompt: str
    max_tokens: int
    chat: bool = True


class Scorer(Protocol):
    """Scores answers; results come in the order of the requests and do not depend on what else is asked with them.

    Raises EngineError if the model cannot be reached or cannot give what is asked.
    """

    name: str

    def score(self, choices: Sequence[Choice]) -> list[tuple[Scored, ...]]: ...

    def answer(self, prompts: Sequence[Free]) -> list[str]: ...
