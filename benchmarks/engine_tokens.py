"""Figure 5 of issue 6, second part: tokens an article costs, against the four calls of the paper's published scripts.

.venv-models/bin/python -m benchmarks.engine_tokens     some minutes; needs `make models` and ../shared/data

The same real articles, evenly from five nations, and the same tokenizer for both sides: SmolLM2's, and Tekken (of
Mistral's models), which spends less on Chinese. Every answer is taken to have the same length. navab reads an article
to its end where the scripts read 1,920 characters, and makes one more call for each statement; the scripts get one
statement an article. A statement is as long as the article's first sentence. Chat markup is left out.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

import mistral_common
from mistral_common.tokens.tokenizers.tekken import Tekkenizer
from transformers import AutoTokenizer

from benchmarks.support.articles import NATIONS, draw_articles
from benchmarks.support.measure import line
from benchmarks.support.reference_calls import READ_CHARACTERS, reference_tokens
from navab.models.engine import Request
from navab.nations.registry import Registry
from navab.options.engine import EngineSection
from navab.stages import extraction, triples
from navab.text.windows import windows

REPOSITORY = Path(__file__).resolve().parents[1]
MODEL = REPOSITORY / "build" / "models" / "smollm2"
FOLDER = REPOSITORY / "build" / "engine-tokens"
ARTICLES = 1000
ANSWER_TOKENS = 128
LIMIT = 0.5
OPTIONS = EngineSection(kind="vllm", model=str(MODEL))
Count = Callable[[str], int]


@dataclass(frozen=True, slots=True)
class Tokenizer:
    """A tokenizer by the name that the reference's instructions were counted under."""

    name: str
    count: Count


def main() -> None:
    articles = list(_articles())
    for tokenizer in _tokenizers():
        ours = mean(_ours(one, tokenizer.count) for one in articles)
        theirs = mean(_theirs(one, tokenizer, instructions=True) for one in articles)
        print(f"{tokenizer.name}, {len(articles)} articles: ours {ours:,.0f} tokens, theirs {theirs:,.0f}")
        line(f"{tokenizer.name}: tokens an article, ours to theirs", ours / theirs, LIMIT)
        _inform("with three statements an article", mean(_ours(one, tokenizer.count, 3) for one in articles), theirs)
        short = [one | {"text": one["text"][:READ_CHARACTERS]} for one in articles]
        _inform("reading 1,920 characters too", mean(_ours(one, tokenizer.count) for one in short), theirs)
        bare = mean(_theirs(one, tokenizer, instructions=False) for one in articles)
        _inform("their instructions left out, ours not", ours, bare)
        for nation in NATIONS:
            own = [one for one in articles if one["nation"] == nation]
            cost = mean(_theirs(one, tokenizer, instructions=True) for one in own)
            _inform(nation, mean(_ours(one, tokenizer.count) for one in own), cost)


def _inform(what: str, ours: float, theirs: float) -> None:
    print(f"  for comparison, {what}: {ours:,.0f} to {theirs:,.0f}, ratio {ours / theirs:.3f}")


def _articles() -> Iterator[dict[str, Any]]:
    for path in draw_articles(FOLDER, ARTICLES):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            yield from (json.loads(line) | {"official": False} for line in lines)


def _tokenizers() -> Iterator[Tokenizer]:
    small = AutoTokenizer.from_pretrained(MODEL)
    yield Tokenizer("SmolLM2", lambda text: len(small(text).input_ids))
    tekken = Tekkenizer.from_file(str(max((Path(mistral_common.__file__).parent / "data").glob("tekken*.json"))))
    yield Tokenizer("Tekken", lambda text: len(tekken.encode(text, bos=False, eos=False)))


def _ours(article: dict[str, Any], count: Count, statements: int = 1) -> int:
    reading = extraction.requests_for(article, OPTIONS, Registry.bundled())
    wording = triples.request_for(article | {"text": _statement(article)}, OPTIONS)
    return sum(_tokens(one, count) for one in reading) + statements * _tokens(wording, count)


def _tokens(request: Request, count: Count) -> int:
    return sum(count(message.content) for message in request.messages()) + ANSWER_TOKENS


def _theirs(article: dict[str, Any], tokenizer: Tokenizer, *, instructions: bool) -> int:
    return reference_tokens(
        tokenizer.name,
        tokenizer.count,
        article["text"],
        _statement(article),
        ANSWER_TOKENS,
        instructions=instructions,
    )


def _statement(article: dict[str, Any]) -> str:
    """The article's first sentence, or what fits into 300 characters of it."""
    text: str = article["text"].strip()
    first = windows(text, 300, 0, 1)[0].of(text)
    return min((first.split(mark)[0] + mark for mark in (". ", "。", "\n") if mark in first), key=len, default=first)


if __name__ == "__main__":
    main()
