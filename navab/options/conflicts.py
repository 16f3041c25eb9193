"""Conflict Reduction."""

from __future__ import annotations

from pydantic import Field

from navab.options.section import Section


class ConflictsSection(Section):
    """Conflict Reduction."""

    enabled: bool = Field(True, description="false: all statements are retained")
    min_similarity: float = Field(0.7, ge=0, le=1, description="Cosine from which two statements are judged")
    neighbors: int = Field(200, ge=1, description="Candidates a statement at most, the most similar ones")
    official_weight: float = Field(0.5, ge=0, description="Weight added to official statements")
    home_weight: float = Field(0.25, ge=0, description="Weight added to speakers of the home nation")
