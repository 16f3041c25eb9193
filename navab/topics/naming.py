"""Words that an engine gives topics: tags of outliers, and labels.

They are asked for while a model is fitted, some hundred requests a nation. The rules engine tags by the words of an
article; it gives no labels, and keywords take their place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from navab.models.engine import Engine, Request, Response, check_answered
from navab.models.prompts import Prompt
from navab.models.responses import ArticleTags, TopicLabel

TAGS = Prompt("navab.topics", "tags", 1)
LABEL = Prompt("navab.topics", "topic_label", 1)
_LEAD = 1500  # characters of an article that are tagged
_HEADLINES = 8
_KEYWORDS = 3  # of a label that is made of them


@dataclass(frozen=True, slots=True)
class Article:
    """What topics are named after."""

    title: str
    text: str
    language: str

    @property
    def whole(self) -> str:
        return f"{self.title}\n{self.text}"


@dataclass(frozen=True, slots=True)
class Label:
    """The name of a topic; `native` is in the nation's language, None where keywords are the name."""

    text: str
    native: str | None = None


@dataclass(frozen=True, slots=True)
class Namer:
    """Asks the engine about one nation; raises EngineError if it stops answering."""

    engine: Engine
    nation: str
    language: str

    def tag(self, articles: Sequence[Article]) -> list[list[str]]:
        """Tags of each article; none where the engine had no answer."""
        answers = self._ask([tag_request(one, self.nation) for one in articles])
        return [answer.parsed.tags if isinstance(answer.parsed, ArticleTags) else [] for answer in answers]

    def label(self, keywords: Sequence[Sequence[str]], articles: Sequence[Sequence[Article]]) -> list[Label]:
        """The label of each topic, from its keywords and the headlines of its first articles."""
        inputs = [
            {
                "language_name": self.language,
                "keywords": ", ".join(words),
                "headlines": "\n".join(one.title for one in members[:_HEADLINES]),
            }
            for words, members in zip(keywords, articles, strict=True)
        ]
        answers = self._ask([Request(LABEL, self.nation, self.language, filled, TopicLabel) for filled in inputs])
        return [
            Label(answer.parsed.english, answer.parsed.native)
            if isinstance(answer.parsed, TopicLabel)
            else Label(", ".join(words[:_KEYWORDS]))
            for answer, words in zip(answers, keywords, strict=True)
        ]

    def _ask(self, requests: Sequence[Request]) -> list[Response]:
        answers = self.engine.generate(requests)
        check_answered(answers)
        return answers


def tag_request(article: Article, nation: str) -> Request:
    """What the engine is asked about an article without a topic."""
    inputs = {"title": article.title, "text": article.text[:_LEAD]}
    return Request(TAGS, nation, article.language, inputs, ArticleTags)
