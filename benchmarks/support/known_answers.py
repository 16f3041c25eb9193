"""Scorers whose answers are known beforehand: what an evaluation must say of them is known too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from navab.evaluation.prompts import load_prompts
from navab.evaluation.scorers.base import Choice, Free, Scored
from navab.lake.hashing import text_hash

REFUSAL = "I would rather not say."


@dataclass
class Scripted:
    """Prefers what `preference` says: the true statements, the first option, or (random) either with equal chances.

    True statements are those in `truths`. Random scores are a function of the prompt, as a model's are.
    """

    preference: str
    truths: frozenset[str] = frozenset()
    name: str = "scripted"
    asked: list[Choice] = field(default_factory=list)

    def score(self, choices: Sequence[Choice]) -> list[tuple[Scored, ...]]:
        return [self._score(choice) for choice in choices]

    def answer(self, prompts: Sequence[Free]) -> list[str]:
        return [self._answer(prompt.prompt) for prompt in prompts]

    def _answer(self, prompt: str) -> str:
        if self.preference == "silence":
            return " "
        if self.preference == "refusal":
            return REFUSAL
        return next((truth for truth in self.truths if _key(truth) in prompt), "Who knows?")

    def _score(self, choice: Choice) -> tuple[Scored, ...]:
        options = _options(choice)
        if self.preference == "truth":
            favoured = next((at for at, option in enumerate(options) if option in self.truths), 0)
        elif self.preference == "random":
            favoured = int(np.random.default_rng(text_hash(choice.prompt, *options) & (2**63 - 1)).integers(2))
        else:
            favoured = 0
        return tuple(Scored(-0.1 if at == favoured else -2.5, 1, 50) for at in range(len(options)))


@dataclass
class ScriptedJudge:
    """Says what an answer is by its words: one of the statements, a refusal, or something else."""

    name: str = "judge"

    def score(self, choices: Sequence[Choice]) -> list[tuple[Scored, ...]]:
        return [self._score(choice) for choice in choices]

    def answer(self, prompts: Sequence[Free]) -> list[str]:
        raise AssertionError("a judge is not asked for answers")

    def _score(self, choice: Choice) -> tuple[Scored, ...]:
        _, given, *options = [line for line in choice.prompt.splitlines() if ": " in line and line[:1].isalpha()]
        answer = given.partition(": ")[2]
        first, second = (option.partition(": ")[2] for option in options[:2])
        picked = 0 if answer == first else 1 if answer == second else 2 if answer == REFUSAL else 3
        return tuple(Scored(-0.1 if at == picked else -3.0, 1, 90) for at in range(4))


def _options(choice: Choice) -> list[str]:
    """The texts that a choice is between: lines behind its letters, or the answers themselves."""
    letters = load_prompts().letters
    lines = [line[3:] for line in choice.prompt.splitlines() if line[:1] in letters and line[1:3] == ". "]
    return lines or [answer.strip() for answer in choice.answers]


def _key(text: str) -> str:
    """What a question and its statement share in the made-up triples: their number."""
    return "#" + text.partition("#")[2] if "#" in text else text
