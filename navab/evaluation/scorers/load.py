"""Scorers by configuration: how to reach a model, and what identifies it."""

from __future__ import annotations

from pathlib import Path

import xxhash

from navab.errors import ConfigurationError
from navab.evaluation.scorers.base import Scorer
from navab.evaluation.scorers.http import HttpScorer
from navab.evaluation.scorers.transformers import TransformersScorer
from navab.evaluation.scorers.vllm import VllmScorer
from navab.options.evaluation import ModelSection

# Weights, and the small files beside them: configuration, tokenizer, chat template.
_FILES = ("*.safetensors", "*.bin", "*.gguf", "*.json", "*.jinja", "*.model", "*.txt")
_SAMPLE = 1 << 20  # bytes at either end of a file


def model_name(section: ModelSection) -> str:
    """How results call a model."""
    return section.name or (Path(section.model).resolve().name if Path(section.model).is_dir() else section.model)


def identity(section: ModelSection) -> dict[str, object]:
    """What decides a model's scores: how it is reached, its precision, what its template is told, a folder's files."""
    return {
        "kind": section.kind,
        "model": weights_digest(Path(section.model)) if Path(section.model).is_dir() else section.model,
        "dtype": None if section.kind == "http" else section.dtype,
        "url": section.url,
        **({"addressed": True} if section.addressed else {}),
        **({"chat_template_kwargs": dict(section.chat_template_kwargs)} if section.chat_template_kwargs else {}),
    }


def load_scorer(section: ModelSection) -> Scorer:
    """Load a model, or connect to it; raises EngineError or ConfigurationError in one line."""
    name = model_name(section)
    if section.kind == "http":
        if section.url is None:
            raise ConfigurationError(f"model {name}: kind http needs `url`, e.g. http://127.0.0.1:8000/v1")
        return HttpScorer(
            section.url,
            section.model,
            name=name,
            concurrency=section.concurrency,
            chat_template_kwargs=section.chat_template_kwargs,
        )
    if section.kind == "vllm":
        return VllmScorer(
            section.model,
            name=name,
            dtype=section.dtype,
            tensor_parallel_size=section.tensor_parallel,
            max_model_len=section.max_tokens,
            chat_template_kwargs=section.chat_template_kwargs,
            **({} if section.gpu_memory is None else {"gpu_memory_utilization": section.gpu_memory}),
        )
    return TransformersScorer(
        section.model,
        name=name,
        dtype=section.dtype,
        device=section.device,
        chat_template_kwargs=section.chat_template_kwargs,
    )


def weights_digest(folder: Path) -> str:
    """Tell folders of models apart by names, sizes and both ends of the files that decide their scores."""
    digest = xxhash.xxh3_128()
    for path in sorted({path for pattern in _FILES for path in folder.glob(pattern)}):
        size = path.stat().st_size
        digest.update(f"{path.name}:{size};".encode())
        with path.open("rb") as file:
            digest.update(file.read(_SAMPLE))
            file.seek(max(0, size - _SAMPLE))
            digest.update(file.read(_SAMPLE))
    return digest.hexdigest()
