"""Scores with vLLM: prompt log-probabilities, prefix caching, batching over all requests at once."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from typing import Any

from navab.errors import EngineError
from navab.evaluation.scorers.base import Choice, Free, Scored
from navab.evaluation.scorers.prefix_tree import Sequent
from navab.evaluation.scorers.tokens import Encoder, cut_answer

INSTALL = "pip install 'navab[vllm]'"


class VllmScorer:
    """A causal language model in vLLM's engine, on the GPUs of this machine (or its CPU).

    `model` is a folder or hub id, `options` go to `vllm.LLM` as they are. Raises EngineError if vLLM is missing or the
    model cannot be loaded.
    """

    def __init__(
        self,
        model: str,
        *,
        name: str | None = None,
        dtype: str = "auto",
        chat_template_kwargs: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> None:
        if importlib.util.find_spec("vllm") is None:
            raise EngineError(f"scorer vllm is not installed: {INSTALL}")
        import vllm  # noqa: PLC0415

        self.name = name or model
        self._vllm = vllm
        try:
            self._llm = vllm.LLM(model=model, dtype=dtype, enable_prefix_caching=True, **options)
        except (OSError, ValueError, RuntimeError) as error:
            raise EngineError(f"vLLM cannot load model {model}: {' '.join(str(error).split())[:300]}") from error
        # One token is generated whether it is wanted or not.
        most_tokens = self._llm.llm_engine.model_config.max_model_len - 1
        self._encoder = Encoder(self._llm.get_tokenizer(), most_tokens, chat_template_kwargs)

    def score(self, choices: Sequence[Choice]) -> list[tuple[Scored, ...]]:
        """Score the answers of every choice in one batch."""
        groups = [self._encoder.encode(choice) for choice in choices]
        prompts = [{"prompt_token_ids": list(sequence.tokens)} for group in groups for sequence in group]
        parameters = self._vllm.SamplingParams(max_tokens=1, temperature=0.0, prompt_logprobs=0)
        outputs = iter(self._llm.generate(prompts, parameters, use_tqdm=False))
        return [tuple(_scored(sequence, next(outputs)) for sequence in group) for group in groups]

    def answer(self, prompts: Sequence[Free]) -> list[str]:
        """Continue prompts greedily."""
        encoded = [self._encoder.prompt(prompt.prompt, chat=prompt.chat) for prompt in prompts]
        parameters = [self._vllm.SamplingParams(max_tokens=prompt.max_tokens, temperature=0.0) for prompt in prompts]
        tokens = [{"prompt_token_ids": list(prompt)} for prompt, _ in encoded]
        outputs = self._llm.generate(tokens, parameters, use_tqdm=False)
        return [
            cut_answer(output.outputs[0].text, templated=templated)
            for output, (_, templated) in zip(outputs, encoded, strict=True)
        ]


def _scored(sequence: Sequent, output: Any) -> Scored:
    scored = sequence.tokens[sequence.start :]
    entries = output.prompt_logprobs[sequence.start :]
    total = sum(entry[token].logprob for token, entry in zip(scored, entries, strict=True))
    return Scored(float(total), len(scored), sequence.start)
