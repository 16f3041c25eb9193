"""Response models of the engine-backed stages (structured output of an LLM, return type of the rules)."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

SourceType = Literal["quoted", "official"]
SpeakerNation = Literal["home", "foreign", "unknown"]


class ExtractedStatement(BaseModel):
    """One value statement of an article."""

    text: str = Field(description="The statement, to be understood without the article")
    evidence: str = Field(description="The passage of the article that says it, copied verbatim")
    speaker: str | None = Field(default=None, description="Who says it; null for the outlet's own voice")
    source_type: SourceType = Field(description="quoted: somebody is cited; official: the outlet's own voice")
    speaker_nation: SpeakerNation = Field(default="unknown", description="Whether the speaker is of the nation")


class Extraction(BaseModel):
    """All value statements of an article, in reading order; empty if it holds none."""

    statements: list[ExtractedStatement] = Field(default_factory=list)


class TripleText(BaseModel):
    """The question a statement answers, and the statement with its stance reversed."""

    question: str
    reversed_statement: str
