"""What models read: templates by language from prompts.yaml, filled with a triple's texts."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources

from pydantic import BaseModel, ConfigDict

from navab.plain_yaml import parse_own

FALLBACK = "en"  # languages without templates of their own
HIDDEN = "…"  # stands where an answer is withheld from the judge


class Templates(BaseModel):
    """The templates of one language."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    choose: str
    choose_without_question: str
    ask: str
    judge: str


class Prompts(BaseModel):
    """All templates; `version` changes with every one of them, `letters` name the options in order."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: int
    letters: tuple[str, str, str, str]
    languages: Mapping[str, Templates]

    def of(self, language: str) -> Templates:
        """The templates of a language (ISO 639-1), or those of the fallback language."""
        return self.languages.get(language) or self.languages[FALLBACK]


@cache
def load_prompts() -> Prompts:
    """Read the templates that come with the package."""
    content = (resources.files("navab.evaluation") / "prompts.yaml").read_text("utf-8")
    return Prompts.model_validate(parse_own(content))
