"""Scores through an endpoint: exactly the answer's tokens, and letters that are really there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from navab.errors import EngineError
from navab.evaluation.scorers.base import Choice, Free, Scored
from navab.evaluation.scorers.http import HttpScorer
from tests.evaluation.endpoint import Endpoint, serving

TRUTH = "It is so indeed."
LETTERS = Choice("Is it?\nA. It is so indeed.\nB. It is not.", (" A", " B"), chat=True)


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with serving(frozenset([TRUTH])) as one:
        yield one


@pytest.fixture
def scorer(endpoint: Endpoint) -> HttpScorer:
    return HttpScorer(endpoint.url, "served")


def test_the_answers_tokens_are_scored_and_no_others(scorer: HttpScorer) -> None:
    """Neither the first token, which stands for no text, nor the one that is made."""
    (found,) = scorer.score([Choice("Is it so?", (f"\n{TRUTH}", " No."))])
    assert found == (Scored(-4.0, 4, 4), Scored(-2.0, 1, 4))


def test_without_a_prompt_the_whole_text_is_scored(scorer: HttpScorer) -> None:
    ((found,),) = scorer.score([Choice("", (TRUTH,))])
    assert found == Scored(-4.0, 4, 0)


def test_an_answer_that_is_no_token_of_its_own_has_no_score(scorer: HttpScorer) -> None:
    with pytest.raises(EngineError, match="part of the token before it"):
        scorer.score([Choice("Is it", ("?",))])


def test_letters_come_from_the_first_token(scorer: HttpScorer) -> None:
    (found,) = scorer.score([LETTERS])
    assert [one.log_probability for one in found] == [-0.1, -3.0]


def test_no_letter_is_no_tie(endpoint: Endpoint, scorer: HttpScorer) -> None:
    endpoint.thinks = True
    with pytest.raises(EngineError, match=r"'<think>' rather than with one of A, B.*enable_thinking: false"):
        scorer.score([LETTERS])
    told = HttpScorer(endpoint.url, "served", chat_template_kwargs={"enable_thinking": False})
    assert told.score([LETTERS])[0][0].log_probability == -0.1


def test_thoughts_are_no_part_of_an_answer(endpoint: Endpoint, scorer: HttpScorer) -> None:
    endpoint.thinks = True
    assert scorer.answer([Free("Is it?", 64)]) == ["Yes, it is so."]
    endpoint.thoughts = "<think>Is it?"
    with pytest.raises(EngineError, match=r"cut off while the model thought.*evaluation\.answer_tokens"):
        scorer.answer([Free("Is it?", 64)])
