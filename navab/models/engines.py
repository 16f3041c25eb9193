"""Engines by configuration: which one, whether it can run here, and what identifies its answers."""

from __future__ import annotations

import atexit
import importlib.util
import sys
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

import xxhash

from navab.errors import EngineError
from navab.models.engine import Engine
from navab.models.hosted import HostedEngine, has_hosts
from navab.models.local import AsyncEngine, LocalEngine
from navab.models.prompts import Prompt
from navab.models.rules.engine import RulesEngine
from navab.models.vllm import VllmEngine
from navab.nations.registry import Registry
from navab.options.engine import EngineSection

RULES_VERSION = 3
_INSTALL_VLLM = "pip install 'navab[vllm]'"
# Options of models that decide what they answer; where they run and how fast does not.
_DECIDING = frozenset({"kind", "model", "max_output_tokens", "temperature", "chat_template_kwargs", "context_tokens"})


def check_engine(options: EngineSection) -> None:
    """Raise EngineError in one line if the engine cannot run here."""
    if options.kind == "rules":
        return
    if not options.model:
        raise EngineError(f"engine {options.kind} needs engine.model")
    if options.kind == "http" and not options.http.base_url:
        raise EngineError("engine http needs engine.http.base_url, e.g. http://127.0.0.1:8000/v1")
    if options.kind == "vllm" and importlib.util.find_spec("vllm") is None:
        raise EngineError(f"engine vllm is not installed: {_INSTALL_VLLM}")


def engine_name(options: EngineSection) -> str:
    """What rows and reports call the engine."""
    if options.kind == "rules":
        return RulesEngine.name
    adapter = f" with {options.vllm.lora}" if options.kind == "vllm" and options.vllm.lora else ""
    return f"{options.kind} {options.model}{adapter}"


def why_unanswered(options: EngineSection) -> str:
    """Why an engine may have left rows without a verdict."""
    spent = "its budget is spent"
    if options.kind != "http":
        return spent
    turned_away = "its server turns requests away for its rate limit"
    return f"{spent}, or {turned_away}" if options.http.has_budget else turned_away


def engine_identity(
    options: EngineSection, prompt: Prompt, language: str, *, penalised: bool = False
) -> Mapping[str, Any]:
    """What decides an engine's answers in a language; part of the fingerprint of all that it makes.

    `penalised`: whether the step asks with `engine.frequency_penalty`.
    """
    if options.kind == "rules":
        return {"kind": options.kind, "version": RULES_VERSION, "lexicons": lexicon_digest()}
    own = options.model_dump(include=set(_DECIDING))
    if penalised and options.frequency_penalty:  # younger than fingerprints of lakes that have none
        own["frequency_penalty"] = options.frequency_penalty
    if options.kind == "vllm" and options.vllm.fit_answers:  # as young
        own["fit_answers"] = True
    adapter = options.vllm.lora if options.kind == "vllm" else None
    return {**own, "lora": adapter, "prompt": prompt.digest(language)}


def load_engine(options: EngineSection, registry: Registry) -> Engine:
    """The engine of a configuration: in Ray actors where a run has started some, else in this process."""
    if options.kind == "rules":
        return RulesEngine(options.max_statements, registry)
    if "ray" in sys.modules and has_hosts():
        return HostedEngine(engine_name(options))
    return _local_engine(options.model_dump_json())


@cache
def _local_engine(options: str) -> LocalEngine:
    """An engine in this process, started once; it ends before the libraries under it do."""
    engine = LocalEngine(make_engine(EngineSection.model_validate_json(options)))
    atexit.register(engine.close)
    return engine


def make_engine(options: EngineSection) -> AsyncEngine:
    """An engine that is not started yet; raises EngineError if there is none of that kind."""
    if options.kind == "http":
        from navab.models.http import HttpEngine  # noqa: PLC0415  (aiohttp takes half a second to load)

        return HttpEngine(options, engine_name(options))
    if options.kind == "vllm":
        return VllmEngine(options, engine_name(options))
    raise EngineError(f"engine {options.kind} is no model")


@cache
def lexicon_digest() -> str:
    folder = resources.files("navab.text") / "lexicons"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".yaml")), key=lambda file: file.name)
    digest = xxhash.xxh3_64()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()
