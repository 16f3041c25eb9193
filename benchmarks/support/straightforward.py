"""The scorer that anybody would write first: every answer's full prompt by itself, all its logits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from navab.evaluation.scorers.base import Choice, Free, Scored
from navab.evaluation.scorers.prefix_tree import Sequent
from navab.evaluation.scorers.tokens import Encoder


class Straightforward:
    """A causal language model of transformers, on the CPU in float32."""

    name = "straightforward"

    def __init__(self, model: str) -> None:
        import torch  # noqa: PLC0415
        import transformers  # noqa: PLC0415

        self._torch = torch
        self._model: Any = transformers.AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32).eval()
        tokenizer = transformers.AutoTokenizer.from_pretrained(model)
        self._encoder = Encoder(tokenizer, self._model.config.get_text_config().max_position_embeddings)

    def score(self, choices: Sequence[Choice]) -> list[tuple[Scored, ...]]:
        return [tuple(self._score(one) for one in self._encoder.encode(choice)) for choice in choices]

    def answer(self, prompts: Sequence[Free]) -> list[str]:
        raise AssertionError("only scores are compared")

    def _score(self, sequence: Sequent) -> Scored:
        torch = self._torch
        tokens = torch.tensor([sequence.tokens])
        with torch.inference_mode():
            logs = self._model(input_ids=tokens).logits[0].log_softmax(-1)
        start = sequence.start
        found = logs[start - 1 : -1].gather(1, tokens[0, start:, None])
        return Scored(float(found.sum()), len(sequence.tokens) - start, start)
