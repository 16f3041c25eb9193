"""What a judge of contradictions is asked and answers; rules first, a judge that reads on what they leave open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

Verdict = Literal["contradiction", "entailment", "neutral"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on a pair of statements, and why.

    `decided` says whether it is one or for want of a better; `readable` whether a judge that reads could tell more.
    """

    verdict: Verdict
    confidence: float
    reason: str
    decided: bool = True
    readable: bool = True

    @property
    def is_final(self) -> bool:
        """Whether no judge that reads is asked; that words differ is no sign that two statements go together."""
        return not self.readable or (self.decided and self.verdict != "neutral")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two statements of one nation; the order says nothing."""

    left: str
    right: str
    left_language: str
    right_language: str
    nation: str


class Judge(Protocol):
    """Judges pairs in order, one verdict each, or None where none was to be had yet.

    Which way round a pair stands makes no difference.
    """

    @property
    def name(self) -> str: ...

    def judge(self, pairs: Sequence[Pair]) -> Sequence[Judgement | None]: ...


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict, and the judge whose it is."""

    judgement: Judgement
    judge: str


def judge_in_turn(pairs: Sequence[Pair], cheap: Judge, costly: Judge | None = None) -> list[Judged | None]:
    """Let the cheap judge find what contradicts and what restates; the costly one, if there is one, reads the rest."""
    judged = _signed(cheap, pairs)
    if costly is None:
        return judged
    open_pairs = [place for place, one in enumerate(judged) if one is None or not one.judgement.is_final]
    if open_pairs:
        verdicts = _signed(costly, [pairs[place] for place in open_pairs])
        for place, verdict in zip(open_pairs, verdicts, strict=True):
            judged[place] = verdict
    return judged


def _signed(judge: Judge, pairs: Sequence[Pair]) -> list[Judged | None]:
    return [Judged(one, judge.name) if one is not None else None for one in judge.judge(pairs)]


def both_ways(forward: dict[Verdict, float], backward: dict[Verdict, float]) -> Judgement:
    """The verdict of two readings of a pair, as it stands and turned round, from the probabilities of each.

    Contradiction knows no direction, so that the mean counts; statements restate each other only if each entails the
    other, so that the smaller probability counts. What is left is neutral.
    """
    contradiction = (forward["contradiction"] + backward["contradiction"]) / 2
    entailment = min(forward["entailment"], backward["entailment"])
    scores: dict[Verdict, float] = {
        "contradiction": contradiction,
        "entailment": entailment,
        "neutral": max(0.0, 1 - contradiction - entailment),
    }
    verdict = max(scores, key=lambda one: (scores[one], one == "neutral"))
    return Judgement(verdict, scores[verdict], f"read both ways: contradiction {contradiction:.2f}")
