"""What a model is asked: the requests that a stage makes of an article, or its prompts with the places left open.

They are built by the very functions that the stages use.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from pydantic import BaseModel

from navab.conflict import engine_judge
from navab.conflict.judgement import Pair
from navab.errors import ConfigurationError
from navab.live import standing_statements
from navab.models.engine import Request
from navab.models.prompts import Prompt
from navab.models.responses import ArticleTags, Extraction, Screening, TopicLabel, TripleText
from navab.options.engine import EngineSection
from navab.stages import extraction, triples
from navab.stages.base import select
from navab.topics import engine_screen, naming
from navab.view import View

_ARTICLE = ("article_id", "title", "text", "source", "language", "official")


@dataclass(frozen=True, slots=True)
class Asked:
    """A prompt and the form of the answer to it."""

    prompt: Prompt
    response_model: type[BaseModel] | None = None
    choices: tuple[str, ...] = ()

    def with_open_places(self, nation: str, language: str) -> Request:
        """The request with the names of its inputs in braces where an article's would stand."""
        example = self.prompt.example(language)
        names = example.inputs if example else ()
        inputs = {name: f"{{{name}}}" for name in names}
        return Request(self.prompt, nation, language, inputs, self.response_model, self.choices)


# The prompts of every stage that may ask a model, in the order in which it asks.
ASKED: Mapping[str, Sequence[Asked]] = {
    "topics": (Asked(naming.TAGS, ArticleTags), Asked(naming.LABEL, TopicLabel)),
    "screening": (Asked(engine_screen.PROMPT, Screening),),
    "extraction": (Asked(extraction.PROMPT, Extraction),),
    "conflicts": (Asked(engine_judge.PROMPT, choices=tuple(engine_judge.VERDICTS)),),
    "triples": (Asked(triples.PROMPT, TripleText),),
}


def requests_of_article(stage: str, article_id: int, view: View) -> list[Request]:
    """What a stage would ask about an article and its statements; none if it has no statements for the stage.

    Raises ConfigurationError if the lake has no such article.
    """
    article = _article(article_id, view)
    return _ABOUT_ARTICLE[stage](article, view)


def _article(article_id: int, view: View) -> dict[str, Any]:
    known = view.live("articles", "article_id").filter(pl.col("article_id") == article_id)
    found = select(view, "articles", view.located("articles"), known["record_id"], (*_ARTICLE, "nation"))
    rows = found.read(view.lake.storage)
    if rows.is_empty():
        raise ConfigurationError(
            f"no accepted article {article_id} in lake {view.lake.storage.root}: ids are in its table articles"
        )
    return rows.row(0, named=True)


def _statements(view: View, ids: pl.Series) -> list[dict[str, Any]]:
    found = select(view, "statements", view.located("statements"), ids, ("nation", "language", "text"))
    return found.read(view.lake.storage).to_dicts()


def _own_statements(article: Mapping[str, Any], view: View) -> pl.Series:
    own = standing_statements(view).filter(pl.col("article_id") == article["article_id"])
    return own["statement_id"]


def _about_topics(article: Mapping[str, Any], _: View) -> list[Request]:
    return [naming.tag_request(_plain(article), article["nation"])]


def _about_screening(article: Mapping[str, Any], _: View) -> list[Request]:
    return [engine_screen.screening_request(_plain(article), article["nation"])]


def _plain(article: Mapping[str, Any]) -> naming.Article:
    return naming.Article(article["title"] or "", article["text"], article["language"])


def _about_extraction(article: Mapping[str, Any], view: View) -> list[Request]:
    return extraction.requests_for(article, _as_read_by_a_model(view.configuration.engine), view.registry)


def _as_read_by_a_model(options: EngineSection) -> EngineSection:
    """The options with an engine that reads in windows: rules read whole articles and need no prompt."""
    return options.model_copy(update={"kind": "http"}) if options.kind == "rules" else options


def _about_conflicts(article: Mapping[str, Any], view: View) -> list[Request]:
    own = _own_statements(article, view).implode()
    pairs = view.current("candidates").filter(pl.col("left_id").is_in(own) | pl.col("right_id").is_in(own))
    said = {row["statement_id"]: row for row in _statements(view, pl.concat([pairs["left_id"], pairs["right_id"]]))}
    return [
        request
        for left, right in pairs.sort("left_id", "right_id").select("left_id", "right_id").iter_rows()
        for request in engine_judge.judgement_requests(_pair(said[left], said[right]))
    ]


def _pair(left: Mapping[str, Any], right: Mapping[str, Any]) -> Pair:
    return Pair(left["text"], right["text"], left["language"], right["language"], left["nation"])


def _about_triples(article: Mapping[str, Any], view: View) -> list[Request]:
    own = _statements(view, _own_statements(article, view))
    return [triples.request_for(row, view.configuration.engine) for row in own]


_ABOUT_ARTICLE: Mapping[str, Callable[[Mapping[str, Any], View], list[Request]]] = {
    "topics": _about_topics,
    "screening": _about_screening,
    "extraction": _about_extraction,
    "conflicts": _about_conflicts,
    "triples": _about_triples,
}
