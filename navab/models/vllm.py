"""The vllm engine: a model in this process's care, with structured outputs and continuous batching.

vLLM is an extra (`pip install 'navab[vllm]'`) and is imported where an engine starts. Many requests are asked at once;
the engine batches them itself and keeps what their prompts share.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import psutil

from navab.errors import EngineError
from navab.models.answers import choice_logprobs, json_schema, read_answer
from navab.models.budget import Budget
from navab.models.engine import ENGINE_ERROR, PROMPT_TOO_LONG, EngineDiedError, Request, Response
from navab.models.lengths import fit
from navab.models.watcher import Watcher
from navab.options.engine import EngineSection

_LIKELY_TOKENS = 20
_BOUNDS_STRINGS = "guidance"  # the backend; see `json_schema` for xgrammar
_DEARER = 2  # times as many tokens as a character of its request may one of an answer cost


class VllmEngine:
    """Asks a vLLM engine of its own; see `engine.vllm` for its options."""

    def __init__(self, options: EngineSection, name: str) -> None:
        self.name = name
        self.budget = Budget()
        self._options = options
        self._vllm: Any = None
        self._watcher: Watcher | None = None
        self._tokenizer: Any = None
        self._lora: Any = None
        self._context = 0

    async def start(self) -> None:
        """Load the model; raises EngineError in one line if it cannot be loaded."""
        os.environ.update(self._options.vllm.env)
        from vllm import AsyncEngineArgs  # noqa: PLC0415  (an extra, and slow to import)
        from vllm.lora.request import LoRARequest  # noqa: PLC0415
        from vllm.v1.engine.async_llm import AsyncLLM  # noqa: PLC0415

        lora = self._options.vllm.lora
        before = set(psutil.Process().children(recursive=True))
        try:
            self._vllm = AsyncLLM.from_engine_args(AsyncEngineArgs(**engine_arguments(self._options)))
        except Exception as error:  # vLLM raises whatever its libraries raise
            reason = " ".join(str(error).split())[:300]
            raise EngineError(f"vLLM cannot load model {self._options.model}: {reason}") from error
        # vLLM's engine process does not notice that its parent was killed, and would hold its GPU for ever.
        self._watcher = Watcher(set(psutil.Process().children(recursive=True)) - before)
        self._tokenizer = self._vllm.get_tokenizer()
        self._context = self._vllm.model_config.max_model_len
        self._lora = LoRARequest("navab", 1, lora) if lora else None
        if not self._tokenizer.chat_template:
            raise EngineError(f"model {self._options.model} has no chat template: take its instruct version")

    async def close(self) -> None:
        if self._vllm is not None:
            self._vllm.shutdown()
        if self._watcher is not None:
            self._watcher.close()

    async def answer(self, request: Request) -> Response:
        """Answer a request; raises EngineDiedError if the processes ended, and what vLLM raises over a request."""
        from vllm.v1.engine.exceptions import EngineDeadError  # noqa: PLC0415

        started = time.perf_counter()
        try:
            response = await self._ask(request)
        except EngineDeadError as error:
            raise EngineDiedError(str(error)) from error
        return replace(response, latency_s=time.perf_counter() - started)

    async def _ask(self, request: Request) -> Response:
        from vllm.inputs import TokensPrompt  # noqa: PLC0415

        tokens = self._tokens(request)
        if len(tokens) + request.sampling.max_tokens > self._context:
            return Response(error=PROMPT_TOO_LONG, prompt_tokens=len(tokens))
        schema = self._schema(request)
        output = None
        async for part in self._vllm.generate(
            TokensPrompt(prompt_token_ids=tokens),
            sampling_parameters(request, schema),
            uuid.uuid4().hex,
            lora_request=self._lora,
        ):
            output = part
        if output is None:
            return Response(error=ENGINE_ERROR, prompt_tokens=len(tokens))
        completion = output.outputs[0]
        response = read_answer(request, completion.text, completion.finish_reason, schema)
        if request.choices and response.error is None and completion.logprobs:
            likely = {one.decoded_token: one.logprob for one in completion.logprobs[0].values()}
            response = replace(response, choice_logprobs=choice_logprobs(request.choices, likely))
        return replace(response, prompt_tokens=len(tokens), output_tokens=len(completion.token_ids))

    def _schema(self, request: Request) -> dict[str, Any] | None:
        """What an answer is held to; its lengths differ from request to request if answers are to fit."""
        schema = answer_schema(request, self._options)
        if schema is None or not (self._options.vllm.fit_answers and bounds_strings(self._options)):
            return schema
        given = "\n".join(request.inputs.values())
        tokens = len(self._tokenizer.encode(given, add_special_tokens=False))
        return fit(schema, request.sampling.max_tokens, _DEARER * tokens / max(1, len(given)))

    def _tokens(self, request: Request) -> list[int]:
        messages = [{"role": message.role, "content": message.content} for message in request.messages()]
        return list(
            self._tokenizer.apply_chat_template(
                messages,
                add_generation_prompt=True,
                tokenize=True,
                return_dict=False,
                **self._options.chat_template_kwargs,
            )
        )


def engine_arguments(options: EngineSection) -> dict[str, Any]:
    """What vLLM is started with: the options that navab names, and above them those passed on as they are."""
    vllm = options.vllm
    workers = vllm.tensor_parallel * vllm.pipeline_parallel
    named = {
        "model": options.model,
        "tensor_parallel_size": vllm.tensor_parallel,
        "pipeline_parallel_size": vllm.pipeline_parallel,
        "enable_prefix_caching": vllm.prefix_caching,
        "max_model_len": options.context_tokens,
        "seed": 0,
        "enable_lora": vllm.lora is not None,
        "distributed_executor_backend": "ray" if workers > 1 else None,
        # Blanks between tokens of JSON cost tokens, and small models never stop writing them.
        "structured_outputs_config": {"backend": _BOUNDS_STRINGS, "disable_any_whitespace": True},
    }
    return {name: value for name, value in named.items() if value is not None} | dict(vllm.engine_kwargs)


def bounds_strings(options: EngineSection) -> bool:
    """Whether vLLM's grammars count the characters of strings, and count them rightly."""
    return bool(engine_arguments(options)["structured_outputs_config"].get("backend") == _BOUNDS_STRINGS)


def answer_schema(request: Request, options: EngineSection) -> dict[str, Any] | None:
    """What a model is held to, before answers are made to fit; null if the answer is not JSON."""
    return json_schema(request, with_lengths=bounds_strings(options))


def sampling_parameters(request: Request, schema: Mapping[str, Any] | None) -> Any:
    """How vLLM is to answer a request, in JSON of a schema if there is one."""
    from vllm import SamplingParams  # noqa: PLC0415
    from vllm.sampling_params import StructuredOutputsParams  # noqa: PLC0415

    structured = None
    if schema is not None:
        structured = StructuredOutputsParams(json=dict(schema))
    elif request.choices:
        structured = StructuredOutputsParams(choice=list(request.choices))
    return SamplingParams(
        max_tokens=request.sampling.max_tokens,
        temperature=request.sampling.temperature,
        frequency_penalty=request.sampling.frequency_penalty,
        top_p=request.sampling.top_p,
        seed=request.sampling.seed,
        structured_outputs=structured,
        logprobs=_LIKELY_TOKENS if request.choices else None,
    )
