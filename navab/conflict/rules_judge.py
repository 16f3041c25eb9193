"""The judge that comes first: polarity rules, by the lexicon of the statements' language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from navab.conflict.judgement import Judgement, Pair
from navab.conflict.polarity import judge_signatures
from navab.conflict.signature import PolarSignature, signature
from navab.nations.registry import Registry


@dataclass
class RulesJudge:
    """Judges by polarity rules; statements of two languages, and what the rules cannot tell, stay undecided."""

    registry: Registry
    name: str = "polarity"
    _known: dict[tuple[str, str, str], PolarSignature] = field(default_factory=dict, repr=False)

    def judge(self, pairs: Sequence[Pair]) -> list[Judgement]:
        return [self._judge(pair) for pair in pairs]

    def _judge(self, pair: Pair) -> Judgement:
        if pair.left_language != pair.right_language:
            return Judgement("neutral", 0.5, "two languages", decided=False)
        left = self._signature(pair.nation, pair.left_language, pair.left)
        return judge_signatures(left, self._signature(pair.nation, pair.right_language, pair.right))

    def _signature(self, nation: str, language: str, text: str) -> PolarSignature:
        """A statement stands in many pairs of a unit and is read once."""
        key = (nation, language, text)
        if key not in self._known:
            self._known[key] = signature(text, self.registry.get(nation).lexicon(language))
        return self._known[key]
