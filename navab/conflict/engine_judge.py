"""A judge that asks an engine: one letter, constrained, read in both directions with its probabilities."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from navab.conflict.judgement import Judgement, Pair, Verdict, both_ways
from navab.models.engine import Engine, Request, Response, Sampling, is_answered
from navab.models.prompts import Prompt

PROMPT = Prompt("navab.conflict", "judgement", 1)
VERDICTS: dict[str, Verdict] = {"A": "contradiction", "B": "entailment", "C": "neutral"}
_NOTHING: dict[Verdict, float] = {"contradiction": 0.0, "entailment": 0.0, "neutral": 1.0}


@dataclass(frozen=True, slots=True)
class EngineJudge:
    """Judges by an engine; a pair that it cannot answer in both directions stays undecided.

    Pairs whose turn came after the budget was spent have no judgement.
    """

    engine: Engine

    @property
    def name(self) -> str:
        return f"engine:{self.engine.name}"

    def judge(self, pairs: Sequence[Pair]) -> list[Judgement | None]:
        requests = [request for pair in pairs for request in judgement_requests(pair)]
        answers = self.engine.generate(requests)
        return [_judgement(*answers[place : place + 2]) for place in range(0, len(answers), 2)]


def judgement_requests(pair: Pair) -> tuple[Request, Request]:
    """What the engine is asked about a pair: as it stands and turned round."""
    return (
        _request(pair, pair.left, pair.right, pair.left_language),
        _request(pair, pair.right, pair.left, pair.right_language),
    )


def _request(pair: Pair, first: str, second: str, language: str) -> Request:
    inputs = {"first": first, "second": second}
    return Request(PROMPT, pair.nation, language, inputs, choices=tuple(VERDICTS), sampling=Sampling(max_tokens=1))


def _judgement(forward: Response, backward: Response) -> Judgement | None:
    if not is_answered([forward, backward]):
        return None
    error = forward.error or backward.error
    if error is not None:
        return Judgement("neutral", 0.0, error, decided=False)
    return both_ways(_probabilities(forward), _probabilities(backward))


def _probabilities(response: Response) -> dict[Verdict, float]:
    """Probabilities of the verdicts; without log probabilities all is on the answer."""
    if response.choice_logprobs is None:
        return _NOTHING | {"neutral": 0.0} | {VERDICTS[(response.text or "C").strip()[:1]]: 1.0}
    return {verdict: math.exp(response.choice_logprobs[letter]) for letter, verdict in VERDICTS.items()}
