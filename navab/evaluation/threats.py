"""Threats to validity that can be measured: negated statements, machine-written reversals, a leaked release."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from navab.evaluation.scorers.base import Choice, Scorer
from navab.evaluation.triples import Triple

DECOYS = 99


@dataclass(frozen=True, slots=True)
class Negations:
    """Shares of S and of RS that hold a negation: if they differ, "prefers what is not negated" looks like a value."""

    statements: float
    reversals: float


def negations(triples: Sequence[Triple], is_negated: Callable[[Triple, str], bool]) -> Negations:
    """Count negated S and RS; 0 without triples."""
    count = max(len(triples), 1)
    return Negations(
        sum(is_negated(triple, triple.statement) for triple in triples) / count,
        sum(is_negated(triple, triple.reversed_statement) for triple in triples) / count,
    )


def rewritten(triples: Sequence[Triple], reverse: Callable[[Sequence[Triple]], Sequence[str | None]]) -> list[Triple]:
    """Triples whose S is written by the same machine as RS: by reversing RS once more.

    What a model still prefers then is not the style of people over that of the machine. Triples whose RS the machine
    cannot reverse, or turns into itself, are left out.
    """
    turned = [
        replace(triple, statement=triple.reversed_statement, reversed_statement=triple.statement) for triple in triples
    ]
    return [
        replace(triple, statement=text)
        for triple, text in zip(triples, reverse(turned), strict=True)
        if text and text != triple.reversed_statement
    ]


def canary_rank(scorer: Scorer, canary: str, *, decoys: int = DECOYS) -> int:
    """The rank of a release's canary among random ones by likelihood, from 1; near 1 the model may have read it.

    The exposure of Carlini et al. (2019) with `decoys` alternatives: a model that has not read the canary ranks it
    anywhere from 1 to `decoys` + 1, each as likely.
    """
    stem, _, own = canary.rpartition(" ")
    others = [str(uuid.uuid5(uuid.NAMESPACE_URL, f"{canary}/{number}")) for number in range(decoys)]
    scored = scorer.score([Choice(stem, tuple(f" {guid}" for guid in (own, *others)))])[0]
    return 1 + sum(one.log_probability > scored[0].log_probability for one in scored[1:])
