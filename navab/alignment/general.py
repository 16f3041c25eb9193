"""General questions: whether a model still answers what has nothing to do with values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache
from importlib import resources

from pydantic import BaseModel, ConfigDict, Field

from navab.alignment.training import General
from navab.evaluation.bag_of_words import words
from navab.evaluation.scorers.base import Choice, Free, Scorer
from navab.plain_yaml import parse_own

_TOKENS = 16  # of a free answer
_MOST_REPEATED = 0.5  # of an answer's words; a broken model says one word again and again
_FEW_WORDS = 6


class GeneralQuestion(BaseModel):
    """A question with one right answer and some wrong ones."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    language: str
    question: str
    right: str
    wrong: tuple[str, ...] = Field(min_length=1)


@cache
def general_questions() -> tuple[GeneralQuestion, ...]:
    """The questions in `general.yaml`."""
    content = (resources.files("navab.alignment") / "general.yaml").read_text("utf-8")
    return tuple(GeneralQuestion.model_validate(one) for one in parse_own(content))


def ask_general(scorer: Scorer, questions: Sequence[GeneralQuestion]) -> General:
    """How often the right answer is the likeliest by character, and how often a free answer is sound."""
    choices = [Choice(one.question, tuple(f"\n{text}" for text in (one.right, *one.wrong))) for one in questions]
    right = 0
    for one, scored in zip(questions, scorer.score(choices), strict=True):
        texts = (one.right, *one.wrong)
        rates = [found.log_probability / len(text) for found, text in zip(scored, texts, strict=True)]
        right += max(rates) == rates[0]
    answers = scorer.answer([Free(one.question, _TOKENS) for one in questions])
    return General(
        right=right / len(questions),
        answered=sum(map(is_sound, answers)) / len(questions),
        questions=len(questions),
    )


def is_sound(answer: str) -> bool:
    """Whether an answer says something, and not one word again and again."""
    found = words(answer)
    if not found:
        return False
    most = Counter(found).most_common(1)[0][1]
    return len(found) <= _FEW_WORDS or most / len(found) <= _MOST_REPEATED
