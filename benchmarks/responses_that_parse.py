"""Figure 3 of issue 6, every response parses: with answers that fit into their tokens, and with unbounded strings.

.venv-models/bin/python -m benchmarks.responses_that_parse [--articles 13] [--temperature 0]     needs `make models`

One vLLM engine with SmolLM2 is asked twice about the same articles of the bundled sample, so many in each of four
languages: extraction, and the wording of each article's beginning. Once strings are unbounded, and once
`engine.vllm.fit_answers` bounds them. The sides take turns, in parts of 16 requests. A response parses that has no
error; beside it stands how many have a string that was broken off at its bound.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.support.measure import line
from benchmarks.support.sample_units import LANGUAGES, sample_articles
from navab.models.answers import json_schema
from navab.models.engine import Request, Response
from navab.models.lengths import ELLIPSIS
from navab.models.vllm import VllmEngine
from navab.nations.registry import Registry
from navab.options.engine import EngineSection
from navab.stages import extraction, triples
from navab.text.windows import windows

REPOSITORY = Path(__file__).resolve().parents[1]
PART = 16


class BothSides(VllmEngine):
    """An engine that can be asked for answers without bounds."""

    fits = True

    def _schema(self, request: Request) -> dict[str, Any] | None:
        return super()._schema(request) if self.fits else json_schema(request)


@dataclass
class Side:
    """What one side was answered."""

    responses: list[Response] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def parsed(self) -> float:
        return sum(one.error is None for one in self.responses) / len(self.responses)

    def describe(self) -> str:
        errors = Counter(one.error for one in self.responses if one.error)
        broken = sum(f'{ELLIPSIS}"' in one.parsed.model_dump_json() for one in self.responses if one.parsed)
        rate = sum(one.output_tokens for one in self.responses) / self.seconds
        longest = max(one.output_tokens for one in self.responses)
        return f"{dict(errors)}, {broken} broken off, at most {longest} tokens, {rate:,.0f} tokens/s"


def requests(options: EngineSection, articles: int) -> Iterator[Request]:
    """Extractions and wordings, the languages mixed."""
    rows = sample_articles(LANGUAGES | {"cn": "zh"}).group_by("language", maintain_order=True).head(articles)
    registry = Registry.bundled()
    for row in rows.sort("article_id").iter_rows(named=True):
        yield extraction.requests_for(row, options, registry)[0]
        yield triples.request_for(row | {"text": windows(row["text"], 200, 0, 1)[0].of(row["text"])}, options)


async def ask(engine: BothSides, asked: Sequence[Request]) -> tuple[Side, Side]:
    """The sides with and without bounds."""
    sides = {True: Side(), False: Side()}
    await engine.start()
    for number, start in enumerate(range(0, len(asked), PART)):
        for fits in (True, False) if number % 2 else (False, True):
            engine.fits = fits
            started = time.perf_counter()
            sides[fits].responses += await asyncio.gather(*(engine.answer(one) for one in asked[start : start + PART]))
            sides[fits].seconds += time.perf_counter() - started
        print(f"{len(sides[True].responses)} of {len(asked)}", flush=True)
        print(f"  fit      {sides[True].parsed:.3f} {sides[True].describe()}", flush=True)
        print(f"  unbounded {sides[False].parsed:.3f} {sides[False].describe()}", flush=True)
    await engine.close()
    return sides[True], sides[False]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=13, help="of each language")
    parser.add_argument("--temperature", type=float, default=0.0)
    parser.add_argument("--frequency-penalty", type=float, default=0.0)
    parser.add_argument("--tokens", type=int, default=256, help="of an answer at most")
    arguments = parser.parse_args()
    options = EngineSection(
        kind="vllm",
        model=str(REPOSITORY / "build" / "models" / "smollm2"),
        max_statements=1,
        max_output_tokens=arguments.tokens,
        temperature=arguments.temperature,
        frequency_penalty=arguments.frequency_penalty,
        window_chars=2000,
        context_tokens=8192,
        vllm={
            "gpus": 0,
            "fit_answers": True,
            "env": {"VLLM_CPU_KVCACHE_SPACE": "1", "HF_HUB_OFFLINE": "1"},
            "engine_kwargs": {"dtype": "bfloat16", "enforce_eager": True, "max_num_seqs": 32},
        },
    )
    asked = list(requests(options, arguments.articles))
    fit, unbounded = asyncio.run(ask(BothSides(options, "both sides"), asked))
    print(f"{len(asked)} requests, unbounded: {unbounded.parsed:.3f} parsed, {unbounded.describe()}")
    print(f"{len(asked)} requests, fit: {fit.parsed:.3f} parsed, {fit.describe()}")
    line("responses that parse", fit.parsed, 1.0, least=True)
    sys.exit(0 if fit.parsed == 1.0 else 1)


if __name__ == "__main__":
    main()
