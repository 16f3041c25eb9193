"""The judges of a configuration: polarity rules first, then, if one is named, a judge that reads."""

from __future__ import annotations

from typing import Any

from navab.configuration import Configuration
from navab.conflict import engine_judge
from navab.conflict.cross_encoder import CrossEncoderJudge, check_cross_encoder
from navab.conflict.engine_judge import EngineJudge
from navab.conflict.judgement import Judge
from navab.conflict.rules_judge import RulesJudge
from navab.errors import EngineError
from navab.models.engines import check_engine, engine_identity, lexicon_digest, load_engine
from navab.nations.registry import Nation, Registry

RULES_VERSION = 1


def check_judge(configuration: Configuration) -> None:
    """Raise EngineError in one line if the configured judge cannot run here."""
    options = configuration.conflicts
    if options.judge == "cross-encoder":
        check_cross_encoder(options.model)
    if options.judge == "engine":
        if configuration.engine.kind == "rules":
            raise EngineError("conflicts.judge engine needs an engine that reads: set engine.kind to vllm or http")
        check_engine(configuration.engine)


def judge_identity(configuration: Configuration, nation: Nation) -> dict[str, Any]:
    """What decides the verdicts on a nation's pairs; part of the fingerprint of each."""
    options = configuration.conflicts
    identity: dict[str, Any] = {"rules": RULES_VERSION, "lexicons": lexicon_digest(), "judge": options.judge}
    if nation.own_lexicons:
        identity["own_lexicons"] = dict(nation.own_lexicons)
    if options.judge == "cross-encoder":
        identity["model"] = options.model
    if options.judge == "engine":
        identity["engine"] = [
            engine_identity(configuration.engine, engine_judge.PROMPT, language) for language in nation.languages
        ]
    return identity


def load_judges(configuration: Configuration, registry: Registry) -> tuple[Judge, Judge | None]:
    """The judge that comes first, and the one that reads what that calls neutral."""
    rules, options = RulesJudge(registry), configuration.conflicts
    if options.judge == "cross-encoder" and options.model:
        return rules, CrossEncoderJudge(options.model)
    if options.judge == "engine":
        return rules, EngineJudge(load_engine(configuration.engine, registry))
    return rules, None
