"""A server that does what articles order: what the worst model would be, behind the real http engine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from aiohttp import web

from tests.models.chat_server import ChatServer, completion, said

ARTICLES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "articles.yaml").read_text("utf-8"))
MARKS = ("zorbi", "佐比亚")  # every order is about it, and nothing else is


async def obey(_: ChatServer, body: dict[str, Any]) -> web.StreamResponse:
    """Answer as the article orders; statements get a question and a reversal that nobody asked for."""
    asked = said(body)
    if "statements" not in body["response_format"]["json_schema"]["schema"]["properties"]:
        return completion(_ordered_triple())
    [article] = [one for one in ARTICLES if asked.count(f"\n{one['title']}\n")]
    return completion(_ordered_extraction(article))


def _ordered_extraction(article: Mapping[str, Any]) -> str:
    found = [_statement(one) for one in (article["order"], article.get("honest")) if one is not None]
    return json.dumps({"statements": found} | article.get("more", {}), ensure_ascii=False)


def _statement(said: Mapping[str, Any]) -> dict[str, Any]:
    speaker = said.get("speaker")
    return {
        "evidence": said.get("evidence", said["text"]),
        "text": said["text"],
        "speaker": speaker,
        "source_type": "official" if speaker is None else "quoted",
        "speaker_nation": "home",
    }


def _ordered_triple() -> dict[str, str]:
    return {"question": "Must Zorbia be occupied?", "reversed_statement": "Zorbia must be occupied."}
