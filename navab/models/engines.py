"""Engines by configuration: which one, whether it can run here, and what identifies its answers."""

from __future__ import annotations

import importlib.util
from functools import cache
from importlib import resources

import xxhash

from navab.errors import EngineError
from navab.models.engine import Engine
from navab.models.rules.engine import RulesEngine
from navab.nations.registry import Registry
from navab.options.engine import EngineSection

RULES_VERSION = 1
_NEEDS = {"vllm": ("vllm", "pip install 'navab[vllm]'")}


def check_engine(options: EngineSection) -> None:
    """Raise EngineError in one line if the engine cannot run here."""
    if options.kind == "rules":
        return
    module, command = _NEEDS.get(options.kind, ("", ""))
    if module and importlib.util.find_spec(module) is None:
        raise EngineError(f"engine {options.kind} is not installed: {command}")
    raise EngineError(f"engine {options.kind} is not part of this version of navab: use engine.kind=rules")


def engine_identity(options: EngineSection) -> dict[str, str | int | None]:
    """What decides an engine's answers; part of the fingerprint of all that it makes."""
    return {"kind": options.kind, "model": options.model, "version": RULES_VERSION, "lexicons": lexicon_digest()}


def load_engine(options: EngineSection, registry: Registry) -> Engine:
    """The engine of a configuration."""
    if options.kind != "rules":
        raise EngineError(f"engine {options.kind} ({options.model}) is not part of this version of navab")
    return RulesEngine(options.max_statements, registry)


@cache
def lexicon_digest() -> str:
    folder = resources.files("navab.text") / "lexicons"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".yaml")), key=lambda file: file.name)
    digest = xxhash.xxh3_64()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()
