"""Figure 7 of issue 6: articles a second that the rules engine extracts from, on two cores.

python -m benchmarks.rules_speed           about a minute alone on the machine; needs ../shared/data
python -m benchmarks.rules_speed --profile  where the time goes, in one process

Real articles of all five nations, every second one by a hash of its text; two processes, as two units of a run would
be, after a first pass that reads the lexicons. Seconds of CPU are printed beside those of the clock: on a machine with
other work they tell more.
"""

from __future__ import annotations

import argparse
import cProfile
import gzip
import json
import pstats
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import xxhash

from benchmarks.support.measure import line
from navab.models.engine import Request
from navab.models.rules.engine import RulesEngine
from navab.nations.registry import Registry
from navab.options.engine import EngineSection
from navab.stages.extraction import requests_for
from navab.text.normalise import clean_text

DATA = Path("../shared/data/articles")
LANGUAGES = {"cn": "zh", "us": "en", "uk": "en", "de": "de", "fr": "fr"}
LEAST, PROCESSES = 2000.0, 2
_WARM = 20  # of so many articles one is read beforehand


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--profile", action="store_true")
    requests = load()
    if parser.parse_args().profile:
        _profile(requests)
        return
    parts = [requests[number::PROCESSES] for number in range(PROCESSES)]
    with ProcessPoolExecutor(PROCESSES) as pool:
        list(pool.map(answer, [part[::_WARM] for part in parts], chunksize=1))
        started = time.perf_counter()
        cpu = sum(pool.map(answer, parts))
        wall = time.perf_counter() - started
    characters = sum(len(request.inputs["text"]) for request in requests)
    print(f"{len(requests):,} articles of {characters / len(requests):,.0f} characters")
    line("articles a second, two processes, clock", len(requests) / wall, LEAST, least=True)
    line("articles a second, two processes, CPU seconds", PROCESSES * len(requests) / cpu, LEAST, least=True)


def load() -> list[Request]:
    options, registry, found = EngineSection(), Registry.bundled(), []
    for nation, language in LANGUAGES.items():
        with gzip.open(DATA / f"{nation}.jsonl.gz", "rt", encoding="utf-8") as lines:
            rows = [json.loads(row) for row in lines]
        for row in rows:
            text = clean_text(row["text"] or "")
            if text and xxhash.xxh3_64_intdigest(text.encode()) % 2:
                fields = {"title": row["title"], "source": row["source"], "official": nation == "cn"}
                article = {**fields, "text": text, "nation": nation, "language": language}
                found += requests_for(article, options, registry)
    return found


def answer(requests: Sequence[Request]) -> float:
    """CPU seconds that the requests take."""
    started = time.process_time()
    RulesEngine().generate(requests)
    return time.process_time() - started


def _profile(requests: Sequence[Request]) -> None:
    answer(requests[::_WARM])
    with cProfile.Profile() as profile:
        answer(requests[1::4])
    pstats.Stats(profile).sort_stats("tottime").print_stats(22).sort_stats("cumulative").print_stats(30)


if __name__ == "__main__":
    main()
