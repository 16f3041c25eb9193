"""A judge that is a cross-encoder for natural language inference, by name (sentence-transformers)."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, get_args

import numpy as np
import numpy.typing as npt

from navab.conflict.judgement import Judgement, Pair, Verdict, both_ways
from navab.errors import EngineError

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

_VERDICTS: tuple[Verdict, ...] = get_args(Verdict)


@dataclass(frozen=True, slots=True)
class CrossEncoderJudge:
    """Judges by a model whose labels are contradiction, entailment and neutral, in any order."""

    model: str

    @property
    def name(self) -> str:
        return f"cross-encoder:{self.model}"

    def judge(self, pairs: Sequence[Pair]) -> list[Judgement]:
        if not pairs:
            return []
        encoder, order = _load(self.model)
        forward = _probabilities(encoder, [(pair.left, pair.right) for pair in pairs])
        backward = _probabilities(encoder, [(pair.right, pair.left) for pair in pairs])
        return [
            both_ways(_by_verdict(one, order), _by_verdict(other, order))
            for one, other in zip(forward, backward, strict=True)
        ]


def check_cross_encoder(model: str | None) -> None:
    """Raise EngineError in one line if a cross-encoder cannot run here."""
    if importlib.util.find_spec("sentence_transformers") is None:
        raise EngineError("the judge cross-encoder is not installed: pip install 'navab[sentence-transformers]'")
    if not model:
        raise EngineError("the judge cross-encoder needs conflicts.model: a path or hub id of an NLI cross-encoder")


def _probabilities(encoder: CrossEncoder, texts: list[tuple[str, str]]) -> npt.NDArray[np.float32]:
    scores = encoder.predict(texts, apply_softmax=True, show_progress_bar=False, convert_to_numpy=True)
    return np.asarray(scores, dtype=np.float32)


def _by_verdict(scores: npt.NDArray[np.float32], order: dict[Verdict, int]) -> dict[Verdict, float]:
    return {verdict: float(scores[place]) for verdict, place in order.items()}


@cache
def _load(model: str) -> tuple[CrossEncoder, dict[Verdict, int]]:
    """The model, once a process, and which of its outputs is which verdict."""
    from sentence_transformers import CrossEncoder  # noqa: PLC0415  (an extra: only where it is asked for)

    try:
        encoder = CrossEncoder(model)
    except (OSError, ValueError) as error:
        raise EngineError(f"conflicts.model {model} cannot be loaded: {' '.join(str(error).split())}") from None
    labels = {label.lower(): place for place, label in encoder.config.id2label.items()}
    if set(labels) != set(_VERDICTS):
        raise EngineError(
            f"conflicts.model {model} has the labels {', '.join(sorted(labels))}: a model with the labels "
            "contradiction, entailment and neutral is needed"
        )
    return encoder, {verdict: int(labels[verdict]) for verdict in _VERDICTS}
