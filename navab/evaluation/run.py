"""A run: one model on one release by one method under one condition; its id, and the rows that it writes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import pyarrow as pa

from navab.evaluation.methods import Outcome
from navab.evaluation.prompts import load_prompts
from navab.evaluation.triples import Triple
from navab.lake.hashing import signature, text_hash
from navab.lake.schema import load_schema

VERSION = 1  # raise it when the same model would get other outcomes


@dataclass(frozen=True)
class Run:
    """What identifies a run: the same run started again goes on where it stopped.

    `settings` are all that decides a triple's outcomes besides the names here: the model's identity, the judge's.
    `scope` is what decides, besides the release, which triples are asked: their split, the release of the core set.
    """

    release: str
    release_fingerprint: str
    model: str
    method: str
    protocol: str
    condition: str
    settings: Mapping[str, object] = field(default_factory=dict)
    scope: Mapping[str, object] = field(default_factory=dict)

    @cached_property
    def made_by(self) -> int:
        """Hash of all that decides a triple's outcomes, whatever release the triple is of."""
        return self._signature(self.settings)

    @cached_property
    def run_id(self) -> str:
        """Sixteen hexadecimal digits."""
        asked = str(self._signature({**self.settings, **self.scope}))
        return f"{text_hash(asked, self.release, self.release_fingerprint) & (2**64 - 1):016x}"

    def _signature(self, settings: Mapping[str, object]) -> int:
        return signature(
            "evaluations",
            VERSION,
            model=self.model,
            method=self.method,
            protocol=self.protocol,
            condition=self.condition,
            prompts=load_prompts().version,
            settings=settings,
        )

    def under(self, condition: str) -> Run:
        """The same run under another condition."""
        return replace(self, condition=condition)

    def fingerprint(self, triple: Triple) -> int:
        """Hash of what makes a triple's rows."""
        texts = (triple.question, triple.statement, triple.reversed_statement)
        return text_hash(str(self.made_by), triple.language, *texts)

    def rows(self, triples: Iterable[Triple], outcomes: Sequence[Outcome], parts: Mapping[int, str]) -> pa.Table:
        """Rows of the table `evaluations`; `parts` says which triples are of the core set and which are not."""
        by_id = {triple.triple_id: triple for triple in triples}
        return load_schema("evaluations").table(
            [self._row(by_id[outcome.triple_id], outcome, parts[outcome.triple_id]) for outcome in outcomes]
        )

    def _row(self, triple: Triple, outcome: Outcome, part: str) -> dict[str, object]:
        return {
            "run_id": self.run_id,
            "nation": triple.nation,
            "fingerprint": self.fingerprint(triple),
            "release": self.release,
            "model": self.model,
            "method": self.method,
            "protocol": self.protocol,
            "triple_id": triple.triple_id,
            "source_type": triple.source_type,
            "order": outcome.order,
            "outcome": outcome.outcome,
            "correct": outcome.correct,
            "margin": outcome.margin,
            "condition": self.condition,
            "part": part,
            "group_id": triple.group_id,
            "topic": triple.topic,
            "published_at": triple.published_at,
            "scores": list(outcome.scores),
            "answer": outcome.answer,
        }
