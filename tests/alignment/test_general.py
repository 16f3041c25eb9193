"""General questions against a scorer whose knowledge is known."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from navab.alignment.general import ask_general, general_questions, is_sound
from navab.evaluation.scorers.base import Choice, Free, Scored

QUESTIONS = general_questions()
RIGHT = {one.question: one.right for one in QUESTIONS}


class Learned:
    """Knows the right answers, and says them or the same word again and again."""

    name = "learned"

    def __init__(self, *, knows: bool, speaks: bool) -> None:
        self._knows, self._speaks = knows, speaks

    def score(self, choices: Sequence[Choice]) -> list[tuple[Scored, ...]]:
        return [tuple(self._scored(choice.prompt, text) for text in choice.answers) for choice in choices]

    def _scored(self, question: str, text: str) -> Scored:
        right = (text.strip() == RIGHT[question]) == self._knows
        return Scored(len(text) * (-0.1 if right else -2.0), len(text), 1)

    def answer(self, prompts: Sequence[Free]) -> list[str]:
        return ["A short answer." if self._speaks else "no " * 30 for _ in prompts]


@pytest.mark.parametrize(("knows", "speaks"), [(True, True), (False, False), (True, False)])
def test_right_picks_and_sound_answers_are_counted(knows: bool, speaks: bool) -> None:
    found = ask_general(Learned(knows=knows, speaks=speaks), QUESTIONS)
    assert (found.right, found.answered, found.questions) == (float(knows), float(speaks), len(QUESTIONS))


def test_the_questions_are_of_four_languages_and_their_answers_differ() -> None:
    assert {one.language for one in QUESTIONS} == {"en", "fr", "de", "zh"}
    assert all(one.right not in one.wrong for one in QUESTIONS)


@pytest.mark.parametrize(
    ("answer", "sound"),
    [("", False), ("...", False), ("Paris", True), ("the the the the the the the cat", False), ("巴黎。", True)],
)
def test_an_answer_is_sound_if_it_says_something(answer: str, sound: bool) -> None:
    assert is_sound(answer) == sound
