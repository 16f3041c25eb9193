"""The engine that reads articles and writes triples."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from navab.options.section import Section


class EngineSection(Section):
    """Who reads articles and writes triples."""

    kind: Literal["rules", "vllm", "http"] = Field("rules", description="rules needs no model")
    model: str | None = Field(None, description="Model of vllm or http")
    max_statements: int = Field(5, ge=1, le=50, description="Statements an article at most")
