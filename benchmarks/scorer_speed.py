"""Prefix trees against the scorer that anybody would write first: same machine, model and numbers.

python -m benchmarks.scorer_speed MODEL RELEASE [--triples 40]     MODEL is a folder; minutes for 135M on 2 cores

Both score the same triples of a release, evenly from its nations: all that `navab evaluate` asks of them in multiple
choice (both protocols), by likelihood and of a judge, in units of 32, with the question or answer and without. They
take turns, unit by unit, so that both meet the same load. Seconds are CPU time: what else runs does not count.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch

from benchmarks.support.measure import line
from benchmarks.support.straightforward import Straightforward
from navab.evaluation.methods import AnswerJudgement, Likelihood, Method, MultipleChoice, Outcome
from navab.evaluation.questions import choose, collect
from navab.evaluation.scorers.base import Scorer
from navab.evaluation.scorers.transformers import TransformersScorer
from navab.evaluation.triples import Triple
from navab.release.load import load_release

LEAST_SPEEDUP = 5.0
MOST_APART = 1e-3  # of a sum of log-probabilities in float32
LEAST_AGREEMENT = 0.99
UNIT = 32
METHODS: dict[str, Callable[[Scorer, Sequence[Triple]], Method]] = {
    "mc debiased": lambda scorer, triples: MultipleChoice(),
    "mc debiased, no question": lambda scorer, triples: MultipleChoice(show_question=False),
    "mc paper": lambda scorer, triples: MultipleChoice("paper"),
    "likelihood": lambda scorer, triples: Likelihood(),
    "likelihood, no question": lambda scorer, triples: Likelihood(show_question=False),
    # What is judged is S itself: a free answer would cost both sides the same.
    "aj, judging": lambda judge, triples: AnswerJudgement(
        judge, known={one.triple_id: one.statement for one in triples}
    ),
    "aj, judging no answer": lambda judge, triples: AnswerJudgement(judge, show_answer=False),
}


@dataclass
class Side:
    """One scorer: its seconds and outcomes by method."""

    scorer: Scorer
    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(METHODS, 0.0))
    outcomes: dict[str, list[Outcome]] = field(default_factory=lambda: {name: [] for name in METHODS})

    def ask(self, name: str, triples: Sequence[Triple]) -> None:
        started = time.process_time()
        self.outcomes[name] += METHODS[name](self.scorer, triples).outcomes(triples, self.scorer)
        self.seconds[name] += time.process_time() - started


def measure(model: str, release: str, split: str, count: int) -> bool:
    """Print a line a method, and the figures; whether all are within their limits."""
    dataset = load_release(release, split=split, as_dataset=True)
    nations = dataset.to_table(columns=["nation"])["nation"].unique()
    triples = collect(choose(dataset, None, -(-count // len(nations))), count)
    trees, plain = Side(TransformersScorer(model)), Side(Straightforward(model))
    for side in (plain, trees):
        Likelihood().outcomes(triples[:2], side.scorer)  # the first pass of a model is slower
    for name in METHODS:
        for start in range(0, len(triples), UNIT):
            for side in (plain, trees):
                side.ask(name, triples[start : start + UNIT])
    print(f"{len(triples)} triples, {torch.get_num_threads()} threads")
    return _report(plain, trees, len(triples))


def _report(plain: Side, trees: Side, count: int) -> bool:
    for name in METHODS:
        ours, theirs = trees.seconds[name], plain.seconds[name]
        print(f"{name:<28} {count / theirs:7.2f} triples/s  trees {count / ours:7.2f}  ratio {theirs / ours:5.2f}")
    pairs = [
        (one, other) for name in METHODS for one, other in zip(plain.outcomes[name], trees.outcomes[name], strict=True)
    ]
    apart = max(abs(a - b) for one, other in pairs for a, b in zip(one.scores, other.scores, strict=True))
    agreement = sum(one.outcome == other.outcome for one, other in pairs) / len(pairs)
    speedup = sum(plain.seconds.values()) / sum(trees.seconds.values())
    line("all methods: times the straightforward scorer", speedup, LEAST_SPEEDUP, least=True)
    line("largest difference of two scores", apart, MOST_APART)
    line("same pick", agreement, LEAST_AGREEMENT, least=True)
    return speedup >= LEAST_SPEEDUP and apart <= MOST_APART and agreement >= LEAST_AGREEMENT


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("release")
    parser.add_argument("--split", default="test", help="the scorer was made fast on train")
    parser.add_argument("--triples", type=int, default=40)
    arguments = parser.parse_args()
    return 0 if measure(arguments.model, arguments.release, arguments.split, arguments.triples) else 1


if __name__ == "__main__":
    raise SystemExit(main())
