"""The engine that reads articles and writes triples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, model_validator

from navab.options.section import Section


class HttpSection(Section):
    """A server that speaks the OpenAI chat completions API."""

    base_url: str | None = Field(
        None, pattern=r"^https?://\S+[^/\s]$", description="Address up to /v1, e.g. http://127.0.0.1:8000/v1"
    )
    api_key_env: str = Field("OPENAI_API_KEY", description="Environment variable with the key, where one is needed")
    dialect: Literal["openai", "vllm"] = Field(
        "openai", description="vllm: constrained choices and chat_template_kwargs as `vllm serve` takes them"
    )
    concurrency: int = Field(16, ge=1, description="Requests on their way at once, over all workers of a run")
    timeout_s: float = Field(120.0, gt=0, description="Seconds for one answer")
    max_retries: int = Field(
        6, ge=0, description="Further attempts after 5xx, timeouts, broken connections, and 429 if nobody is answered"
    )
    budget_tokens: int | None = Field(None, ge=1, description="Tokens, in and out, from which a run stops (exit 5)")
    budget_money: float | None = Field(None, gt=0, description="The same in the currency of the prices")
    prompt_price: float = Field(0.0, ge=0, description="Price of a million tokens in")
    output_price: float = Field(0.0, ge=0, description="Price of a million tokens out")

    @property
    def has_budget(self) -> bool:
        return self.budget_tokens is not None or self.budget_money is not None

    @model_validator(mode="after")
    def _needs_prices(self) -> HttpSection:
        if self.budget_money is not None and not (self.prompt_price or self.output_price):
            raise ValueError("budget_money needs prompt_price or output_price")
        return self


class VllmSection(Section):
    """vLLM engines on the workers of the Ray cluster."""

    replicas: int = Field(1, ge=1, description="Engines that are started first")
    max_replicas: int | None = Field(
        None, ge=1, description="Engines at most: more than `replicas` are started while requests queue, and ended idle"
    )
    tensor_parallel: int = Field(1, ge=1, description="GPUs that share each layer")
    pipeline_parallel: int = Field(1, ge=1, description="Groups of GPUs that share the layers")
    gpus: float = Field(1.0, ge=0, description="GPUs of one engine's worker; 0: CPU")
    gpu_type: str | None = Field(None, description="Ray's name of the GPU, e.g. H100; absent: any")
    lora: str | None = Field(None, description="Folder or hub id of a LoRA adapter")
    prefix_caching: bool = Field(True, description="Read what prompts share only once")
    fit_answers: bool = Field(
        False,
        description="Bound strings so that answers fit into max_output_tokens: for small models, which loop",
    )
    engine_kwargs: Mapping[str, Any] = Field(
        default_factory=dict, description="Further arguments of vLLM's engine, e.g. {dtype: bfloat16}"
    )
    env: Mapping[str, str] = Field(default_factory=dict, description="Environment of the engines' processes")
    budget_gpu_hours: float | None = Field(None, gt=0, description="GPU hours of engines from which a run stops")

    @property
    def gpus_of_engine(self) -> float:
        """GPUs that one engine holds."""
        return self.tensor_parallel * self.pipeline_parallel * self.gpus

    @model_validator(mode="after")
    def _needs_order(self) -> VllmSection:
        if self.max_replicas is not None and self.max_replicas < self.replicas:
            raise ValueError("max_replicas must not be below replicas")
        return self


class EngineSection(Section):
    """Who reads articles and writes triples."""

    kind: Literal["rules", "vllm", "http"] = Field("rules", description="rules needs no model")
    model: str | None = Field(None, description="Model of vllm (path or hub id) or http (its name there)")
    max_statements: int = Field(5, ge=1, le=50, description="Statements an article at most, or a window of a long one")
    window_chars: int = Field(12_000, ge=500, description="A model reads longer articles in overlapping windows")
    overlap_chars: int = Field(600, ge=0, description="Characters that a window shares with the one before it")
    max_windows: int = Field(8, ge=1, description="Windows of an article at most; the rest of it is not read")
    max_output_tokens: int = Field(1536, ge=16, description="Tokens of an answer at most")
    context_tokens: int | None = Field(None, ge=256, description="Context of vllm; absent: the model's own")
    temperature: float = Field(0.0, ge=0, le=2, description="0: the likeliest token, repeatable")
    frequency_penalty: float = Field(
        0.0,
        ge=0,
        le=2,
        description="More than 0 keeps a small model from repeating itself until it is cut off (extraction, triples)",
    )
    chat_template_kwargs: Mapping[str, Any] = Field(
        default_factory=dict, description="For the chat template, e.g. {enable_thinking: false}"
    )
    unit_rows: int = Field(64, ge=1, description="Rows of one unit of a model's work: what a crash can cost")
    http: HttpSection = HttpSection()
    vllm: VllmSection = VllmSection()

    @model_validator(mode="after")
    def _needs_smaller_overlap(self) -> EngineSection:
        if self.overlap_chars * 2 > self.window_chars:
            raise ValueError("overlap_chars must not be more than half of window_chars")
        return self
