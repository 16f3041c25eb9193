"""The engine judge with a real vLLM on the CPU: one letter an answer, with probabilities, in both directions.

The model is too small to judge well; what is tested is that its answers are read as they are meant.
"""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from navab.conflict.engine_judge import VERDICTS, EngineJudge, judgement_requests
from navab.conflict.judgement import Pair
from navab.models.engine import Engine
from navab.models.engines import load_engine
from navab.nations.registry import Registry
from navab.options.engine import EngineSection
from tests.models.smollm2 import SMOLLM2

pytestmark = pytest.mark.models

PAIRS = [
    Pair("The fleet should sail to the gulf.", "The navy should stay away from the gulf.", "en", "en", "uk"),
    Pair("Die Grenzen müssen offen bleiben.", "Das Land soll seine Grenzen schließen.", "de", "de", "de"),
    Pair("L'État doit payer les bacs.", "Les bacs doivent être payés par l'État.", "fr", "fr", "fr"),
    Pair("国家应当保护草原。", "草原的保护是国家的责任。", "zh", "zh", "cn"),
]


@pytest.fixture(scope="module")
def engine() -> Engine:
    return load_engine(EngineSection.model_validate(SMOLLM2), Registry.bundled())


def test_every_answer_is_one_letter_with_the_probabilities_of_all(engine: Engine) -> None:
    answers = engine.generate([request for pair in PAIRS for request in judgement_requests(pair)])
    for answer in answers:
        assert answer.error is None
        assert answer.text in VERDICTS
        assert answer.choice_logprobs is not None
        assert sum(map(math.exp, answer.choice_logprobs.values())) == pytest.approx(1, abs=1e-3)
        assert answer.text == max(answer.choice_logprobs, key=answer.choice_logprobs.__getitem__)


def test_which_way_round_a_pair_stands_makes_no_difference(engine: Engine) -> None:
    turned = [replace(pair, left=pair.right, right=pair.left) for pair in PAIRS]
    for one, other in zip(EngineJudge(engine).judge(PAIRS), EngineJudge(engine).judge(turned), strict=True):
        assert one is not None and other is not None
        assert one.verdict == other.verdict
        assert one.confidence == pytest.approx(other.confidence, abs=0.02)
        assert 1 / 3 <= one.confidence <= 1
