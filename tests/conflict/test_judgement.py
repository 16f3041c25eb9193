"""Judges: rules first, a judge that reads on the rest; verdicts do not depend on which way round a pair stands."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from navab.configuration import Configuration
from navab.conflict.engine_judge import EngineJudge
from navab.conflict.judgement import Judgement, Pair, both_ways, judge_in_turn
from navab.conflict.judges import check_judge, judge_identity, load_judges
from navab.conflict.rules_judge import RulesJudge
from navab.errors import EngineError
from navab.models.engine import UNANSWERED, Request, Response
from navab.nations.registry import Registry

OPEN = Pair("The fleet should sail to the gulf.", "The navy should not sail to the gulf.", "en", "en", "uk")
CLEAR = Pair("The state should pay for ferries.", "The state should not pay for ferries.", "en", "en", "uk")


@dataclass
class LetterEngine:
    """Answers with a letter, by what stands first: an engine as far as a judge can see."""

    letters: dict[str, str]
    name: str = "letters"
    error: str | None = None
    budget: int = 1_000  # requests
    with_probabilities: bool = True
    asked: list[Request] = field(default_factory=list)

    def generate(self, requests: Sequence[Request]) -> list[Response]:
        left = max(0, self.budget - len(self.asked))
        self.asked += requests
        unanswered = [Response(error=UNANSWERED)] * len(requests[left:])
        return [self._answer(request) for request in requests[:left]] + unanswered

    def _answer(self, request: Request) -> Response:
        if self.error:
            return Response(error=self.error)
        letter = self.letters[request.inputs["first"]]
        shares = {choice: math.log(0.8 if choice == letter else 0.1) for choice in request.choices}
        return Response(text=letter, choice_logprobs=shares if self.with_probabilities else None)


def test_only_what_rules_leave_undecided_is_asked() -> None:
    engine = LetterEngine({OPEN.left: "A", OPEN.right: "A"})
    judged = judge_in_turn([CLEAR, OPEN], RulesJudge(Registry.bundled()), EngineJudge(engine))
    assert [one and (one.judge, one.judgement.verdict) for one in judged] == [
        ("polarity", "contradiction"),
        ("engine:letters", "contradiction"),
    ]
    assert {request.inputs["first"] for request in engine.asked} == {OPEN.left, OPEN.right}
    assert judged[1] is not None
    assert judged[1].judgement.confidence == pytest.approx(0.8)


def english(left: str, right: str) -> Pair:
    return Pair(left, right, "en", "en", "uk")


UNLIKE = english("Terminating a pregnancy is a crime.", "Abortion should be legal.")
QUANTITIES = english("Taxes rose by 3 percent in 2020.", "Taxes rose by 4 percent in 2021.")
QUESTION = english("Should Britain leave the union?", "Britain should leave the union.")


def test_a_judge_that_reads_is_asked_about_all_that_rules_call_neutral_but_questions() -> None:
    """Different words are no sign that two similar statements go together."""
    pairs = [UNLIKE, QUANTITIES, QUESTION]
    rules = RulesJudge(Registry.bundled())
    assert [(one.verdict, one.decided) for one in rules.judge(pairs)] == [
        ("neutral", True),
        ("neutral", True),
        ("neutral", False),
    ]
    engine = LetterEngine({text: "A" for pair in pairs for text in (pair.left, pair.right)})
    judged = judge_in_turn(pairs, rules, EngineJudge(engine))
    assert [one and one.judge for one in judged] == ["engine:letters", "engine:letters", "polarity"]
    alone = judge_in_turn(pairs, rules)
    assert [one and one.judge for one in alone] == ["polarity"] * 3


def test_without_a_judge_that_reads_open_pairs_stay_neutral_and_undecided() -> None:
    (judged,) = judge_in_turn([OPEN], RulesJudge(Registry.bundled()))
    assert judged is not None
    assert (judged.judgement.verdict, judged.judgement.decided, judged.judge) == ("neutral", False, "polarity")


@pytest.mark.parametrize(
    ("forward", "backward", "expected"),
    [("A", "A", "contradiction"), ("B", "B", "entailment"), ("B", "C", "neutral"), ("C", "C", "neutral")],
)
@pytest.mark.parametrize("with_probabilities", [True, False])
def test_a_pair_is_read_both_ways(forward: str, backward: str, expected: str, with_probabilities: bool) -> None:
    turned = Pair(OPEN.right, OPEN.left, "en", "en", "uk")
    engine = LetterEngine({OPEN.left: forward, OPEN.right: backward}, with_probabilities=with_probabilities)
    one, other = EngineJudge(engine).judge([OPEN, turned])
    assert one is not None
    assert one == other
    assert one.verdict == expected


def test_what_an_engine_does_not_answer_stays_undecided() -> None:
    engine = LetterEngine({}, error="prompt_too_long")
    (found,) = EngineJudge(engine).judge([OPEN])
    assert found == Judgement("neutral", 0.0, "prompt_too_long", decided=False)


def test_what_comes_after_the_budget_has_no_verdict_and_what_came_before_keeps_its_own() -> None:
    engine = LetterEngine({OPEN.left: "A", OPEN.right: "A"}, budget=3)
    judged = judge_in_turn([OPEN, CLEAR, OPEN], RulesJudge(Registry.bundled()), EngineJudge(engine))
    assert [one and one.judge for one in judged] == ["engine:letters", "polarity", None], "half an answer is none"


def test_doubt_is_neutral() -> None:
    even = {"contradiction": 0.39, "entailment": 0.2, "neutral": 0.41}
    assert both_ways(even, even).verdict == "neutral"


def test_statements_of_two_languages_are_for_a_judge_that_reads() -> None:
    pair = Pair("The state should pay.", "Der Staat soll nicht zahlen.", "en", "de", "de")
    (found,) = RulesJudge(Registry.bundled()).judge([pair])
    assert (found.verdict, found.decided) == ("neutral", False)


def configuration(**conflicts: object) -> Configuration:
    return Configuration.model_validate({"lake": "lake", "conflicts": conflicts})


def test_the_judge_is_chosen_and_identified_by_the_configuration() -> None:
    registry = Registry.bundled()
    uk = registry.get("uk")
    rules, named = configuration(), configuration(judge="cross-encoder", model="some/model")
    assert load_judges(rules, registry)[1] is None
    costly = load_judges(named, registry)[1]
    assert costly is not None
    assert costly.name == "cross-encoder:some/model"
    identities = [judge_identity(one, uk) for one in (rules, named, configuration(judge="engine"))]
    assert all(one != other for place, one in enumerate(identities) for other in identities[place + 1 :])


def test_the_rules_engine_is_no_judge_that_reads() -> None:
    with pytest.raises(EngineError, match=r"set engine\.kind to vllm or http"):
        check_judge(configuration(judge="engine"))
