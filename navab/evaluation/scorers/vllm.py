"""Scores with vLLM, all requests at once.

Where every answer is one token, as letters are, the prompt is read once and the tokens after it are scored: vLLM caches
what prompts begin with. Longer answers are read with the prompt, by prompt log-probabilities, for which vLLM uses no
cache.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from navab.errors import EngineError
from navab.evaluation.scorers.base import Choice, Free, Scored
from navab.evaluation.scorers.prefix_tree import Sequent, Tokens
from navab.evaluation.scorers.tokens import Encoder, cut_answer, single_tokens

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
        requests = [request for group in groups for request in self._requests(group)]
        prompts = [{"prompt_token_ids": list(tokens)} for tokens, _ in requests]
        outputs = self._llm.generate(prompts, [parameters for _, parameters in requests], use_tqdm=False)
        rest = iter(outputs)
        return [_group_scores(group, rest) for group in groups]

    def _requests(self, group: Sequence[Sequent]) -> Iterator[tuple[Tokens, Any]]:
        """What is asked for the answers of one choice: tokens to read, and what is wanted of them."""
        if letters := single_tokens(group):
            yield (
                group[0].tokens[:-1],
                self._vllm.SamplingParams(max_tokens=1, temperature=0.0, logprob_token_ids=letters),
            )
            return
        for sequence in group:
            yield sequence.tokens, self._vllm.SamplingParams(max_tokens=1, temperature=0.0, prompt_logprobs=0)

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


def _group_scores(group: Sequence[Sequent], outputs: Iterator[Any]) -> tuple[Scored, ...]:
    if letters := single_tokens(group):
        (found,) = next(outputs).outputs[0].logprobs
        return tuple(Scored(float(found[letter].logprob), 1, group[0].start) for letter in letters)
    return tuple(_scored(sequence, next(outputs)) for sequence in group)


def _scored(sequence: Sequent, output: Any) -> Scored:
    scored = sequence.tokens[sequence.start :]
    entries = output.prompt_logprobs[sequence.start :]
    total = sum(entry[token].logprob for token, entry in zip(scored, entries, strict=True))
    return Scored(float(total), len(scored), sequence.start)
