"""The runs that one model has on one release: every method asked for, and the baselines that go with each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from navab.errors import ConfigurationError
from navab.evaluation.methods import AnswerJudgement, Condition, Likelihood, Method, MultipleChoice
from navab.evaluation.run import Run
from navab.evaluation.scorers.base import Scorer

# What is hidden for the baseline of each method.
_HIDDEN: Mapping[str, Condition] = {"mc": "choices_only", "likelihood": "question_less", "aj": "answer_hidden"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a model: methods, protocols of multiple choice, and whether baselines go with them."""

    methods: Sequence[str]
    protocols: Sequence[str] = ("debiased",)
    baselines: bool = True
    rewritten: bool = False  # whether the machine that reversed the statements is at hand


def plan_runs(
    asked: Asked,
    release: str,
    fingerprint: str,
    model: str,
    settings: Mapping[str, object],
    judged: Mapping[str, object],
) -> list[Run]:
    """All runs in the order in which they are made: a result before its baselines.

    `settings` decide the outcomes of all runs, `judged` besides them those of answer judgement.
    """
    return [
        Run(
            release, fingerprint, model, method, protocol, condition, {**settings, **(judged if method == "aj" else {})}
        )
        for method in asked.methods
        for protocol in _protocols(method, asked.protocols)
        for condition in _conditions(method, asked)
    ]


def method_of(run: Run, judge: Scorer | None, answer_tokens: int, answers: Mapping[int, str]) -> Method:
    """The method of a run; `answers` are what the model has said already, by triple."""
    shown = run.condition != _HIDDEN[run.method]
    if run.method == "mc":
        return MultipleChoice("paper" if run.protocol == "paper" else "debiased", show_question=shown)
    if run.method == "likelihood":
        return Likelihood(show_question=shown)
    if judge is None:
        raise ConfigurationError("method aj needs a judge: set evaluation.judge.model, better to another model")
    return AnswerJudgement(judge, show_answer=shown, max_tokens=answer_tokens, known=answers)


def _protocols(method: str, protocols: Sequence[str]) -> Sequence[str]:
    """Multiple choice has protocols; a judge is always shown both orders, likelihoods have none."""
    return {"mc": protocols, "aj": ("debiased",)}.get(method, ("none",))


def _conditions(method: str, asked: Asked) -> Iterator[Condition]:
    yield "full"
    if asked.baselines:
        yield _HIDDEN[method]
        if asked.rewritten:
            yield "rewritten"
