"""vLLM against transformers: do both scorers pick the same on the same triples?

.venv-models/bin/python -m benchmarks.scorer_agreement MODEL RELEASE [--dtype float32 --dtype bfloat16]

MODEL is a folder; needs `make models`. Transformers computes in float32, vLLM in every `--dtype`, each in a process of
its own, on the same triples of a release, evenly from its nations, by multiple choice (debiased) and by likelihood. In
float32 the same pick counts. In bfloat16 small margins may turn: there the difference of two margins counts wherever
the margin in float32 exceeds the tolerance, which was set before this was run.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from multiprocessing import get_context
from multiprocessing.connection import Connection

import psutil

from benchmarks.support.measure import line
from navab.evaluation.methods import Likelihood, Method, MultipleChoice, Outcome
from navab.evaluation.questions import choose, collect
from navab.evaluation.scorers.base import Scorer
from navab.evaluation.scorers.transformers import TransformersScorer
from navab.evaluation.scorers.vllm import VllmScorer
from navab.evaluation.triples import Triple
from navab.release.load import load_release

LEAST_AGREEMENT = 0.99
METHODS: dict[str, Method] = {"mc debiased": MultipleChoice(), "likelihood": Likelihood()}
TOLERANCES = {"mc debiased": 0.5, "likelihood": 0.02}  # of margins: between letters, and a character
MOST_TOKENS = 2048
Outcomes = dict[str, list[Outcome]]  # by method


def measure(model: str, release: str, split: str, dtypes: Sequence[str], count: int) -> bool:
    """Print the figures of every type; whether all are within their limits."""
    dataset = load_release(release, split=split, as_dataset=True)
    nations = dataset.to_table(columns=["nation"])["nation"].unique()
    triples = collect(choose(dataset, None, -(-count // len(nations))), count)
    print(f"{len(triples)} triples of split {split}; vLLM against transformers in float32", flush=True)
    verdicts = []
    reference = _apart("transformers", model, "float32", triples)
    for dtype in dtypes:
        theirs = _apart("vllm", model, dtype, triples)
        verdicts += [_report(name, dtype, reference[name], theirs[name]) for name in METHODS]
    return all(verdicts)


def _apart(kind: str, model: str, dtype: str, triples: Sequence[Triple]) -> Outcomes:
    """What one scorer says in a process of its own: vLLM sets threads and memory as it likes.

    The process is killed once it has said it: with an engine in it, it does not end by itself.
    """
    context = get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_tell, args=(there, kind, model, dtype, triples))
    process.start()
    there.close()
    try:
        found: Outcomes = here.recv()
    finally:
        for child in psutil.Process(process.pid).children(recursive=True):
            child.kill()
        process.kill()
        process.join()
    return found


def _tell(to: Connection, kind: str, model: str, dtype: str, triples: Sequence[Triple]) -> None:
    to.send(_outcomes(kind, model, dtype, triples))


def _outcomes(kind: str, model: str, dtype: str, triples: Sequence[Triple]) -> Outcomes:
    """Everything that one scorer says."""
    scorer: Scorer
    if kind == "vllm":
        os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", "1")  # GiB; GPUs do not read it
        scorer = VllmScorer(model, dtype=dtype, enforce_eager=True, max_model_len=MOST_TOKENS)
    else:
        scorer = TransformersScorer(model, dtype=dtype)
    return {name: method.outcomes(triples, scorer) for name, method in METHODS.items()}


def _report(name: str, dtype: str, reference: Sequence[Outcome], found: Sequence[Outcome]) -> bool:
    pairs = list(zip(reference, found, strict=True))
    apart = [abs(one.margin - other.margin) for one, other in pairs]
    scores = max(abs(a - b) for one, other in pairs for a, b in zip(one.scores, other.scores, strict=True))
    same = sum(one.outcome == other.outcome for one, other in pairs) / len(pairs)
    print(f"{dtype}, {name}: {len(pairs)} prompts; scores at most {scores:.5f} apart, margins {max(apart):.5f}")
    if dtype == "float32":
        line(f"{dtype}, {name}: same pick", same, LEAST_AGREEMENT, least=True)
        return same >= LEAST_AGREEMENT
    tolerance = TOLERANCES[name]
    clear = [difference for difference, one in zip(apart, reference, strict=True) if abs(one.margin) > tolerance]
    print(f"{name}: same pick {same:.3f}; {len(clear)} of {len(pairs)} margins exceed the tolerance")
    line(f"{dtype}, {name}: difference of these margins", max(clear, default=0.0), tolerance)
    return max(clear, default=0.0) <= tolerance


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("release")
    parser.add_argument("--dtype", dest="dtypes", action="append", choices=["float32", "bfloat16"])
    parser.add_argument("--split", default="test")
    parser.add_argument("--triples", type=int, default=200)
    arguments = parser.parse_args()
    dtypes = arguments.dtypes or ["float32"]
    return 0 if measure(arguments.model, arguments.release, arguments.split, dtypes, arguments.triples) else 1


if __name__ == "__main__":
    raise SystemExit(main())
