"""Evaluation of models."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

from pydantic import Field

from navab.options.section import Section

MethodName = Literal["mc", "likelihood", "aj"]
ProtocolName = Literal["paper", "debiased"]


class ModelSection(Section):
    """A model that is evaluated, or that judges."""

    model: str = Field(min_length=1, description="Folder or hub id; for http the model's name at the endpoint")
    name: str | None = Field(None, description="How results call it; absent: `model`, a folder's own name for a path")
    kind: Literal["transformers", "vllm", "http"] = Field("transformers", description="How it is reached")
    dtype: Literal["float32", "bfloat16", "float16"] = Field("float32", description="Of transformers and vllm")
    device: str | None = Field(None, description="Of transformers, as torch names it; absent: a GPU if there is one")
    url: str | None = Field(
        None,
        pattern=r"^https?://[^/?#\s]+(/[^?#\s]*)?$",
        description="Of http: the endpoint, e.g. http://127.0.0.1:8000/v1; a key is taken from OPENAI_API_KEY",
    )
    concurrency: int = Field(16, ge=1, description="Of http: requests at a time")
    tensor_parallel: int = Field(1, ge=1, description="Of vllm: GPUs that share the model")
    gpu_memory: float | None = Field(
        None, gt=0, le=1, description="Of vllm: share of a GPU's memory that it takes; absent: vLLM's own"
    )
    max_tokens: int = Field(4096, ge=64, description="Of vllm: longest prompt, in tokens")
    chat_template_kwargs: Mapping[str, Any] = Field(
        default_factory=dict, description="For its chat template, e.g. {enable_thinking: false}"
    )
    addressed: bool = Field(
        False, description="Name the nation before each question, as for models aligned with several nations"
    )
    cutoff: date | None = Field(
        None, description="Day up to which its training texts go: results before and after it are told apart"
    )


class EvaluationSection(Section):
    """Evaluation of models on releases."""

    models: tuple[ModelSection, ...] = Field((), description="Models that `navab evaluate` evaluates")
    releases: tuple[str, ...] = Field((), description="Names or addresses of releases; absent: the lake's latest")
    methods: tuple[MethodName, ...] = Field(("mc", "likelihood"), description="mc, likelihood, aj; aj needs a judge")
    protocols: tuple[ProtocolName, ...] = Field(("debiased", "paper"), description="Protocols of mc")
    baselines: bool = Field(True, description="Measure what the results rest on: hidden questions, rewritten S, words")
    judge: ModelSection | None = Field(None, description="Model that judges free answers; better another one")
    split: Literal["test", "train", "all"] = Field("test", description="Split whose triples are asked")
    limit: int | None = Field(None, ge=1, description="Triples a nation at most, chosen by their ids; absent: all")
    core: str | None = Field(
        None,
        description="Release whose triples are the frozen core set; absent: the earliest that the lake made",
    )
    answer_tokens: int = Field(64, ge=1, description="Longest free answer, in tokens")
    unit: int = Field(32, ge=1, description="Triples that are scored together and then kept")
