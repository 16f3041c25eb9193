"""Threats to validity, measured on made-up triples."""

from __future__ import annotations

from collections.abc import Sequence

from navab.evaluation.scorers.base import Choice, Free, Scored
from navab.evaluation.threats import canary_rank, negations, rewritten
from navab.evaluation.triples import Triple
from navab.release.manifest import canary
from tests.evaluation.made import triples


def test_negations_are_counted_on_both_sides() -> None:
    found = negations(triples(10), lambda triple, text: " not " in text)
    assert (found.statements, found.reversals) == (0, 1)
    assert negations([], lambda triple, text: True).reversals == 0


def test_s_is_written_by_reversing_the_reversal() -> None:
    made = triples(3)

    def reverse(turned: Sequence[Triple]) -> list[str | None]:
        assert [one.statement for one in turned] == [one.reversed_statement for one in made]
        return ["It ought to hold.", None, turned[2].statement]

    found = rewritten(made, reverse)
    assert [one.triple_id for one in found] == [made[0].triple_id]
    assert found[0].statement == "It ought to hold."
    assert found[0].reversed_statement == made[0].reversed_statement


class Remembers:
    """Has read one text."""

    name = "remembers"

    def __init__(self, known: str) -> None:
        self.known = known

    def score(self, choices: Sequence[Choice]) -> list[tuple[Scored, ...]]:
        return [
            tuple(
                Scored(-5.0 if one.prompt + text == self.known else -50.0 - at, 9, 9)
                for at, text in enumerate(one.answers)
            )
            for one in choices
        ]

    def answer(self, prompts: Sequence[Free]) -> list[str]:
        return ["" for _ in prompts]


def test_a_model_that_has_read_the_canary_ranks_it_first() -> None:
    own = canary("sample")
    assert canary_rank(Remembers(own), own) == 1
    assert canary_rank(Remembers("something else"), own) == 1  # the own one stands first among equals of this scorer

    class Backwards(Remembers):
        def score(self, choices: Sequence[Choice]) -> list[tuple[Scored, ...]]:
            return [tuple(Scored(-50.0 + at, 9, 9) for at in range(len(one.answers))) for one in choices]

    assert canary_rank(Backwards(""), own, decoys=20) == 21
