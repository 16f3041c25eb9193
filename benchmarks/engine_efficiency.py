"""Figure 5 of issue 6, first part: tokens a second through navab, against bare vLLM on the same prompts.

.venv-models/bin/python -m benchmarks.engine_efficiency [--rounds 3] [--articles 24]   minutes; needs `make models`

navab's side is what a run does: the extraction's work on Ray, in units that read articles from Parquet, ask the warm
engine's actor, check the answers and write files. The bare side is `vllm.LLM.generate` on the same prompts, already
made into tokens, with the same arguments and sampling. Both engines are started first and then take turns, round by
round and each time in the other order, so that both meet the same load; while one works the other one sleeps. No
prompt comes twice on a side. The articles are those of the bundled sample in three languages. The second part, tokens
an article, is benchmarks/engine_tokens.py.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
from vllm import LLM, SamplingParams

from benchmarks.support.measure import line
from benchmarks.support.sample_units import Extractor, sample_articles
from navab.execution.carrier import Carrier
from navab.lake.storage import Storage
from navab.models.vllm import answer_schema, engine_arguments, sampling_parameters
from navab.nations.registry import Registry
from navab.options.engine import EngineSection
from navab.options.resources import ResourcesSection
from navab.stages.extraction import requests_for

REPOSITORY = Path(__file__).resolve().parents[1]
FOLDER = REPOSITORY / "build" / "engine-efficiency"
LEAST_SHARE = 0.85
UNIT_ROWS = 8
WARM_UP = UNIT_ROWS  # articles, on both sides
OPTIONS = EngineSection(
    kind="vllm",
    model=str(REPOSITORY / "build" / "models" / "smollm2"),
    max_statements=1,
    max_output_tokens=96,
    context_tokens=4096,
    vllm={
        "gpus": 0,
        "env": {"VLLM_CPU_KVCACHE_SPACE": "1", "HF_HUB_OFFLINE": "1"},
        "engine_kwargs": {"dtype": "bfloat16", "enforce_eager": True, "max_num_seqs": 32},
    },
)


@dataclass
class Side:
    """Tokens and seconds of one side, by round."""

    tokens: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def add(self, tokens: int, started: float) -> None:
        self.tokens.append(tokens)
        self.seconds.append(time.perf_counter() - started)

    @property
    def rate(self) -> float:
        return sum(self.tokens) / sum(self.seconds)

    def rate_of(self, number: int) -> float:
        return self.tokens[number] / self.seconds[number]


class Bare:
    """vLLM as it is."""

    def __init__(self) -> None:
        os.environ.update(OPTIONS.vllm.env)
        self._llm = LLM(**engine_arguments(OPTIONS))
        self._tokenizer = self._llm.get_tokenizer()

    def prompts(self, articles: pl.DataFrame) -> list[tuple[dict[str, Any], SamplingParams]]:
        registry = Registry.bundled()
        asked = [one for row in articles.iter_rows(named=True) for one in requests_for(row, OPTIONS, registry)]
        return [
            ({"prompt_token_ids": self._tokens(one.messages())}, sampling_parameters(one, answer_schema(one, OPTIONS)))
            for one in asked
        ]

    def _tokens(self, messages: Sequence[Any]) -> list[int]:
        turns = [{"role": one.role, "content": one.content} for one in messages]
        return list(self._tokenizer.apply_chat_template(turns, add_generation_prompt=True, return_dict=False))

    def ask(self, prompts: Sequence[tuple[dict[str, Any], SamplingParams]]) -> int:
        """Tokens in and out."""
        outputs = self._llm.generate([one for one, _ in prompts], [one for _, one in prompts], use_tqdm=False)
        return sum(len(one.prompt_token_ids) + len(one.outputs[0].token_ids) for one in outputs)


def tokens(made: pl.DataFrame) -> int:
    """Tokens in and out of the rows that navab made."""
    return int(made.select(pl.sum_horizontal(pl.sum("prompt_tokens", "output_tokens"))).item())


def measure(rounds: int, size: int) -> bool:
    """Print the rates; whether navab's is within its limit."""
    rows = sample_articles()
    assert rows.height >= WARM_UP + rounds * size
    navab, bare = Side(), Side()
    plain = Bare()
    with Carrier(Storage(str(FOLDER)), ResourcesSection(num_cpus=2), 1) as carrier:
        ours = Extractor(carrier, FOLDER, OPTIONS, UNIT_ROWS)
        plain.ask(plain.prompts(rows.head(WARM_UP)))
        ours.extract(rows.head(WARM_UP))
        for number in range(rounds):
            part = rows.slice(WARM_UP + number * size, size)
            prompts = plain.prompts(part)
            for side in (navab, bare) if number % 2 == 0 else (bare, navab):
                started = time.perf_counter()
                side.add(tokens(ours.extract(part)) if side is navab else plain.ask(prompts), started)
            print(f"round {number + 1}: {size} articles, navab {navab.rate_of(number):,.0f} tokens/s", end=", ")
            print(f"bare {bare.rate_of(number):,.0f}, ratio {navab.rate_of(number) / bare.rate_of(number):.3f}")
    print(f"all rounds: navab {navab.rate:,.0f} tokens/s, bare {bare.rate:,.0f}; tokens {navab.tokens} {bare.tokens}")
    line("tokens/s, navab to bare vLLM", navab.rate / bare.rate, LEAST_SHARE, least=True)
    return navab.rate / bare.rate >= LEAST_SHARE


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--articles", type=int, default=24, help="articles of a round")
    arguments = parser.parse_args()
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    sys.exit(0 if measure(arguments.rounds, arguments.articles) else 1)


if __name__ == "__main__":
    main()
