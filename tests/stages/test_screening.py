"""Screening on a few articles: politics is kept, sport is not, and a person's word wins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from aiohttp import web

from navab.errors import EngineError
from navab.live import kept_articles
from navab.models.responses import Screening
from navab.overrides import import_decisions
from navab.topics.engine_screen import PROMPT
from navab.topics.sensitivity import value_areas
from navab.view import View
from tests.inprocess import article, open_small, rows, run_until, write_jsonl
from tests.models.chat_server import ChatServer, completion, said

POLITICS = [
    "The president and the opposition clashed over the election campaign and the future of the government.",
    "Lawmakers in parliament voted on the government's bill after a heated debate about asylum seekers.",
    "The foreign ministry rejected interference in the country's internal affairs and defended its sovereignty.",
]
SPORT = [
    "The team won the match with two goals in the second half and moved up in the league on Saturday.",
    "The tennis player reached the final of the tournament after three sets and a long break for rain.",
    "The striker scored twice in the first half and secured the club a narrow victory in the home game.",
]


@pytest.fixture
def screened(tmp_path: Path) -> View:
    texts = POLITICS + SPORT
    write_jsonl(tmp_path / "a.jsonl", [article(text=text, title=text[:30], id=n) for n, text in enumerate(texts)])
    view = open_small(tmp_path)
    run_until(view, "screening")
    return view


def kept(view: View) -> set[str]:
    return set(kept_articles(view, "source_id")["source_id"])


def test_politics_is_sensitive_and_sport_is_not(screened: View) -> None:
    assert kept(screened) == {"0", "1", "2"}
    found = rows(screened, "screening")
    assert set(found["decided_by"]) == {"embedding"}
    assert found["reason"].null_count() == 0
    assert found.filter("sensitive")["sensitivity"].min() > found.filter(~pl.col("sensitive"))["sensitivity"].max()  # type: ignore[operator]


def test_with_keep_all_screening_decides_nothing(screened: View, tmp_path: Path) -> None:
    assert len(kept(open_small(tmp_path, screening={"keep": "all"}))) == 6


def test_a_higher_threshold_keeps_less(screened: View, tmp_path: Path) -> None:
    view = open_small(tmp_path, screening={"threshold": 1.0})
    assert run_until(view, "screening")["screening"] == 6
    assert kept(view) == set()


def test_a_persons_word_wins_and_may_be_taken_back(screened: View) -> None:
    """All six articles are one topic here: a nation of few articles has a single one."""
    (topic,) = rows(screened, "topics")["topic_id"]
    # The third word is the first one again: its rows are still there.
    for word, left, screened_anew in ((False, 0, 6), (True, 6, 6), (False, 0, 0)):
        with screened.lake.claim("test") as claim:
            assert import_decisions({topic: (word, "a note")}, screened, claim) == 1
        assert run_until(screened, "screening")["screening"] == screened_anew
        assert len(kept(screened)) == left
    live = screened.live("screening", "decided_by", "reason")
    assert set(live["decided_by"]) == {"person"}
    assert set(live["reason"]) == {"a note"}
    assert rows(screened, "overrides")["override_id"].n_unique() == 3


def test_a_new_note_is_the_reason_that_is_shown(screened: View) -> None:
    (topic,) = rows(screened, "topics")["topic_id"]
    for note in ("a note", "another"):
        with screened.lake.claim("test") as claim:
            import_decisions({topic: (True, note)}, screened, claim)
        assert run_until(screened, "screening")["screening"] == 6
        assert set(screened.live("screening", "reason")["reason"]) == {note}


async def contrary(_: ChatServer, body: dict[str, Any]) -> web.StreamResponse:
    """Calls sport sensitive and politics not; of the tennis player it says nothing that could be read."""
    text = said(body)
    if "tennis" in text:
        return completion("I would rather not.")
    is_sport = any(sentence in text for sentence in SPORT)
    return completion({"sensitive": is_sport, "area": "rights and protest" if is_sport else ""})


def test_the_engine_has_the_word_on_what_is_near_the_threshold(screened: View, tmp_path: Path) -> None:
    with ChatServer(contrary) as server:
        engine = {"kind": "http", "model": "small", "http": {"base_url": server.base_url}}
        view = open_small(tmp_path, engine=engine, topics={"tagged": 0}, screening={"judge": "engine", "margin": 2})
        run_until(view, "screening")
        assert kept(view) == {"3", "5"}
        live = view.live("screening", "sensitive", "decided_by", "reason")
        found = live.join(view.live("articles", "article_id", "source_id"), on="article_id")
        assert dict(found.select("source_id", "decided_by").iter_rows())["4"] == "embedding"
        assert set(found.filter(pl.col("source_id") != "4")["decided_by"]) == {"llm"}
        assert set(found.filter("sensitive")["reason"]) == {"rights and protest"}
        asked = len(server.asked)
        narrow = open_small(tmp_path, engine=engine, topics={"tagged": 0}, screening={"judge": "engine", "margin": 0})
        assert run_until(narrow, "screening")["screening"] == 6
        assert len(server.asked) == asked, "nothing is that near"
        assert kept(narrow) == {"0", "1", "2"}


def test_rules_cannot_be_the_judge(screened: View, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"screening.judge engine needs an engine that reads"):
        run_until(open_small(tmp_path, screening={"judge": "engine"}), "screening")


def test_the_prompt_names_every_value_area() -> None:
    system = PROMPT.render("en", {"title": "", "text": "A text."})[0].content
    assert [line[2:] for line in system.splitlines() if line.startswith("- ")] == list(value_areas().sensitive)
    for language in ("en", "de", "fr", "zh"):
        example = PROMPT.example(language)
        assert example is not None
        assert Screening.model_validate(example.answer).area in value_areas().sensitive
