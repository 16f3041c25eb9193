"""Response models of the engine-backed stages (structured output of an LLM, return type of the rules)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

SourceType = Literal["quoted", "official"]
SpeakerNation = Literal["home", "foreign", "unknown"]


# Longer answers are no answers; a model that loops inside a field is stopped by these.
LONGEST_STATEMENT, LONGEST_EVIDENCE, LONGEST_SPEAKER = 600, 2000, 200


class Answer(BaseModel):
    """Base of all response models: what was not asked for is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ExtractedStatement(Answer):
    """One value statement of an article."""

    evidence: str = Field(
        max_length=LONGEST_EVIDENCE, description="The passage of the article that says it, copied verbatim"
    )
    text: str = Field(max_length=LONGEST_STATEMENT, description="The statement, to be understood without the article")
    speaker: str | None = Field(
        default=None, max_length=LONGEST_SPEAKER, description="Who says it; null for the outlet's own voice"
    )
    source_type: SourceType = Field(description="quoted: somebody is cited; official: the outlet's own voice")
    speaker_nation: SpeakerNation = Field(default="unknown", description="Whether the speaker is of the nation")


class Extraction(Answer):
    """All value statements of an article, in reading order; empty if it holds none."""

    statements: list[ExtractedStatement] = Field(default_factory=list)


class TripleText(Answer):
    """The question a statement answers, and the statement with its stance reversed."""

    question: str = Field(max_length=LONGEST_STATEMENT)
    reversed_statement: str = Field(max_length=LONGEST_STATEMENT)


class ArticleTags(Answer):
    """What an article is about, in a few words each, the widest first."""

    tags: list[Annotated[str, Field(max_length=80)]] = Field(
        max_length=5, description="Two to five tags of one to four words"
    )


class TopicLabel(Answer):
    """The name of a topic, in English and in the language of its articles."""

    english: str = Field(max_length=80)
    native: str = Field(max_length=80)


class Screening(Answer):
    """Whether an article touches national values, and the value area that it touches most."""

    sensitive: bool
    area: str = Field(max_length=60)
