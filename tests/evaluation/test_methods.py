"""Methods against scorers whose preferences are known."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.support.known_answers import Scripted, ScriptedJudge
from navab.errors import EngineError
from navab.evaluation.methods import (
    AnswerJudgement,
    Likelihood,
    Method,
    MultipleChoice,
    best_result,
)
from navab.evaluation.prompts import load_prompts
from navab.evaluation.scorers.base import Choice, Free, Scored
from tests.evaluation.made import triples, truths

MADE = triples(40)
TRUE = Scripted("truth", truths(MADE))
SHOWN: list[Method] = [MultipleChoice("paper"), MultipleChoice("debiased"), Likelihood()]


class Recorder:
    """Keeps what it is asked and prefers the first answer by one nat."""

    name = "recorder"

    def __init__(self, tokens: tuple[int, int] = (1, 1)) -> None:
        self.choices: list[Choice] = []
        self.tokens = tokens

    def score(self, choices: Sequence[Choice]) -> list[tuple[Scored, ...]]:
        self.choices += choices
        return [tuple(Scored(-1.0 - at, self.tokens[at % 2], 99) for at in range(len(one.answers))) for one in choices]

    def answer(self, prompts: Sequence[Free]) -> list[str]:
        return [prompt.prompt for prompt in prompts]


@pytest.mark.parametrize("method", [*SHOWN, AnswerJudgement(ScriptedJudge())])
def test_a_model_that_prefers_statements_is_always_right(method: Method) -> None:
    outcomes = method.outcomes(MADE, TRUE)
    assert {outcome.outcome for outcome in outcomes} == {"S"}
    assert all(outcome.correct and outcome.margin > 0 for outcome in outcomes)
    assert {outcome.triple_id for outcome in outcomes} == {triple.triple_id for triple in MADE}


def test_the_paper_protocol_shows_every_triple_once_and_either_order() -> None:
    outcomes = MultipleChoice("paper").outcomes(MADE, TRUE)
    assert [outcome.triple_id for outcome in outcomes] == [triple.triple_id for triple in MADE]
    assert {outcome.order for outcome in outcomes} == {"S", "RS"}


def test_the_debiased_protocol_shows_both_orders_side_by_side() -> None:
    recorder = Recorder()
    outcomes = MultipleChoice("debiased").outcomes(MADE[:1], recorder)
    assert [(one.order, one.outcome, one.margin) for one in outcomes] == [("S", "S", 1.0), ("RS", "RS", -1.0)]
    first, second = (choice.prompt for choice in recorder.choices)
    assert first.index(MADE[0].statement) < first.index(MADE[0].reversed_statement)
    assert second.index(MADE[0].reversed_statement) < second.index(MADE[0].statement)
    assert all(MADE[0].question in choice.prompt and choice.chat for choice in recorder.choices)


def test_perplexities_of_prompts_are_compared_per_token() -> None:
    outcome = MultipleChoice("paper").outcomes(MADE[:1], Recorder())[0]
    assert abs(outcome.margin) == pytest.approx(1 / 100)


def test_letters_of_different_lengths_have_no_comparable_perplexity() -> None:
    with pytest.raises(EngineError, match="protocol debiased"):
        MultipleChoice("paper").outcomes(MADE[:1], Recorder(tokens=(1, 2)))


@pytest.mark.parametrize("method", [MultipleChoice("debiased", show_question=False), Likelihood(show_question=False)])
def test_a_hidden_question_is_nowhere(method: Method) -> None:
    recorder = Recorder()
    method.outcomes(MADE[:3], recorder)
    for choice in recorder.choices:
        assert not any(triple.question in choice.prompt + "".join(choice.answers) for triple in MADE)


def test_likelihoods_are_taken_per_character() -> None:
    outcome = Likelihood().outcomes(MADE[:1], Recorder())[0]
    expected = -1 / len(MADE[0].statement) + 2 / len(MADE[0].reversed_statement)
    assert outcome.margin == pytest.approx(expected)
    assert outcome.order == "none"


@pytest.mark.parametrize(
    ("preference", "expected"), [("refusal", "refusal"), ("other", "off_topic"), ("silence", "refusal")]
)
def test_refusals_and_evasions_are_outcomes_of_their_own(preference: str, expected: str) -> None:
    outcomes = AnswerJudgement(ScriptedJudge()).outcomes(MADE[:4], Scripted(preference))
    assert len(outcomes) == 8
    assert {outcome.outcome for outcome in outcomes} == {expected}
    assert not any(outcome.correct for outcome in outcomes)


def test_a_judge_without_an_answer_sees_none() -> None:
    recorder = Recorder()
    outcomes = AnswerJudgement(recorder, show_answer=False).outcomes(MADE[:1], TRUE)
    assert [outcome.outcome for outcome in outcomes] == ["S", "RS"]
    assert {outcome.answer for outcome in outcomes} == {None}
    assert not any("#1" in line for line in recorder.choices[0].prompt.splitlines() if "answer given" in line)


def test_scores_that_are_no_numbers_are_refused() -> None:
    class Broken(Recorder):
        def score(self, choices: Sequence[Choice]) -> list[tuple[Scored, ...]]:
            return [(Scored(math.nan, 1, 1), Scored(-1.0, 1, 1)) for _ in choices]

    with pytest.raises(EngineError, match="float32"):
        MultipleChoice().outcomes(MADE[:1], Broken())


@given(st.lists(st.floats(-30, 0), min_size=4, max_size=4))
def test_the_best_result_has_the_best_score(scores: list[float]) -> None:
    found = best_result(scores)
    at = {"S": 0, "RS": 1, "tie": 0, "refusal": 2, "off_topic": 3}[found]
    assert max(scores) - scores[at] <= 1e-6


@pytest.mark.parametrize("language", [*load_prompts().languages, "xx"])
def test_every_language_has_complete_templates(language: str) -> None:
    templates = load_prompts().of(language)
    for template, fields in (
        (templates.choose, ("question", "first", "second")),
        (templates.choose_without_question, ("first", "second")),
        (templates.ask, ("question",)),
        (templates.judge, ("question", "answer", "first", "second")),
    ):
        filled = template.format(**{name: f"<{name}>" for name in fields})
        assert all(f"<{name}>" in filled for name in fields)
        assert "{" not in filled
        assert not filled[-1].isspace()
