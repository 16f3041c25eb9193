"""Quoted statements that the rules find in real articles: the ones that were labelled by hand, found again by hash."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import xxhash

from navab.models.responses import ExtractedStatement
from navab.models.rules.engine import extract
from navab.nations.registry import Registry
from navab.text.normalise import clean_text

DATA = Path("../shared/data/articles")
FILES = {"zh": ("cn",), "en": ("us", "uk"), "fr": ("fr",), "de": ("de",)}
_ONE_OF = {"zh": 1, "en": 16, "fr": 4, "de": 1}  # articles: enough for the sample of each language


@dataclass(frozen=True, slots=True)
class QuotedStatement:
    """A statement with the article that it was found in; `key` is a hash of article, evidence and speaker."""

    key: str
    language: str
    nation: str
    article: str
    statement: ExtractedStatement


def quoted_statements(language: str) -> Iterator[QuotedStatement]:
    """All quoted statements of a language's articles that have a nation."""
    registry = Registry.bundled()
    for file in FILES[language]:
        nation = registry.get(file)
        with gzip.open(DATA / f"{file}.jsonl.gz", "rt", encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
        for row in rows:
            text = clean_text(row["text"] or "")
            drawn = xxhash.xxh3_64_intdigest(row["id"].encode()) % _ONE_OF[language] == 0
            if row["language"] != language or not text or not drawn:
                continue
            for one in extract(text, nation, nation.lexicon(language), official=False).statements:
                if one.speaker is not None:
                    yield QuotedStatement(_key(row["id"], one), language, file, text, one)


def _key(article: str, statement: ExtractedStatement) -> str:
    return xxhash.xxh3_64_hexdigest("\0".join((article, statement.evidence, statement.speaker or "")).encode())
