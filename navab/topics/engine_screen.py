"""An engine's word on articles whose sensitivity is near the threshold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from navab.errors import EngineError
from navab.models.engine import Engine, Request, check_answered
from navab.models.engines import check_engine
from navab.models.prompts import Prompt
from navab.models.responses import Screening
from navab.options.engine import EngineSection
from navab.topics.naming import Article

PROMPT = Prompt("navab.topics", "screening", 1)
_LEAD = 1500  # characters of an article that are judged


@dataclass(frozen=True, slots=True)
class EngineScreen:
    """Asks an engine; raises EngineError if it stops answering."""

    engine: Engine
    nation: str

    def judge(self, articles: Sequence[Article]) -> list[Screening | None]:
        """Whether each article touches values, and in which area; None where the engine had no answer."""
        answers = self.engine.generate([screening_request(one, self.nation) for one in articles])
        check_answered(answers)
        return [answer.parsed if isinstance(answer.parsed, Screening) else None for answer in answers]


def screening_request(article: Article, nation: str) -> Request:
    """What the engine is asked about an article."""
    inputs = {"title": article.title, "text": article.text[:_LEAD]}
    return Request(PROMPT, nation, article.language, inputs, Screening)


def check_engine_screen(options: EngineSection) -> None:
    """Raise EngineError in one line if the configured engine cannot judge articles here."""
    if options.kind == "rules":
        raise EngineError("screening.judge engine needs an engine that reads: set engine.kind to vllm or http")
    check_engine(options)
