"""Conflict Reduction."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from navab.options.section import Section


class ConflictsSection(Section):
    """Conflict Reduction."""

    enabled: bool = Field(True, description="false: all statements are retained")
    min_similarity: float = Field(0.7, ge=0, le=1, description="Cosine from which two statements are judged")
    neighbors: int = Field(
        200,
        ge=1,
        description="Candidates that a statement's own search keeps, the most similar ones",
    )
    judge: Literal["rules", "engine", "cross-encoder"] = Field(
        "rules", description="Who reads what the polarity rules, which come first, call neutral; rules: nobody"
    )
    model: str | None = Field(None, description="Path or hub id of the cross-encoder, a model for NLI")
    support_weight: float = Field(1.0, ge=0, description="Weight of each outlet behind a statement")
    official_weight: float = Field(0.5, ge=0, description="Weight added to official statements")
    home_weight: float = Field(0.25, ge=0, description="Weight added to speakers of the home nation")
    recency_weight: float = Field(
        0.25, ge=0, description="Weight added to the newest statement of a conflict; older ones get less of it"
    )
    recency_days: float = Field(365.0, gt=0, description="Age at which half of recency_weight is left")
