"""Lines a second whose language is told: the fasttext library, line by line, and the same model in batches.

python -m benchmarks.language_speed                 about 15 seconds alone on the machine; needs ../shared/data
python -m benchmarks.language_speed --processes 2   beside another one, as workers are

Lines are the beginnings of passages of real articles of all nations, in an order of their own; batches have as many
articles as those of a run. Both answer for the same lines, turn by turn, and the best of three turns counts, in
seconds of CPU.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

from benchmarks.support.articles import DATA
from benchmarks.support.measure import line
from navab.stages.articles import BATCH_RECORDS
from navab.text.fasttext_batches import Answer
from navab.text.fasttext_model import LineModel, load_library_model, load_model
from navab.text.language import BUNDLED_MODEL, beginnings, identify, model_path, passages_of
from navab.text.normalise import clean_text

TURNS = 3
LEAST_RATIO, LEAST_AGREEING, MOST_DIFFERENCE = 2.0, 1.0, 1e-4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, default=1)
    processes = parser.parse_args().processes
    texts = articles()
    with ProcessPoolExecutor(processes) as pool:
        for found in pool.map(compare, [texts] * processes):
            print(f"library  {found.library:12,.0f} lines/s")
            print(f"batches  {found.batches:12,.0f} lines/s")
            print(f"identify {found.identify * 1e3:12,.4f} ms an article, all included")
            line("lines a second, batches to library", found.batches / found.library, LEAST_RATIO, least=True)
            line("share of labels that agree", found.agreeing, LEAST_AGREEING, least=True)
            line("largest difference of scores", found.difference, MOST_DIFFERENCE)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Lines a second of both, seconds an article, and how far answers agree."""

    library: float
    batches: float
    identify: float
    agreeing: float
    difference: float


def articles() -> list[str]:
    """Real articles with their titles, shuffled."""
    texts = []
    for path in sorted(DATA.glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            records = [json.loads(record) for record in file]
        texts += [f"{record['title'] or ''}\n{clean_text(record['text'] or '')}" for record in records]
    random.Random(0).shuffle(texts)
    return texts


def compare(texts: Sequence[str]) -> Comparison:
    library, model = (load(model_path(BUNDLED_MODEL)) for load in (load_library_model, load_model))
    parts = [texts[start : start + BATCH_RECORDS] for start in range(0, len(texts), BATCH_RECORDS)]
    batches = [[begin for text in part for begin in beginnings(passages_of(text))] for part in parts]
    count = sum(map(len, batches))
    turns = [(seconds(partial(ask, library, batches)), seconds(partial(ask, model, batches))) for _ in range(TURNS)]
    slow, fast = (min(times) for times in zip(*turns, strict=True))
    whole = min(seconds(lambda: [identify(part) for part in parts]) for _ in range(TURNS))
    answers = zip(ask(library, batches), ask(model, batches), strict=True)
    pairs = [(one or ("", 0.0), other or ("", 0.0)) for one, other in answers]
    agreeing = sum(one[0] == other[0] for one, other in pairs) / count
    difference = max(abs(one[1] - other[1]) for one, other in pairs)
    return Comparison(count / slow, count / fast, whole / len(texts), agreeing, difference)


def ask(model: LineModel, batches: Sequence[Sequence[str]]) -> list[Answer]:
    return [answer for batch in batches for answer in model.predict(batch)]


def seconds(work: Callable[[], object]) -> float:
    """CPU seconds that work takes."""
    started = time.process_time()
    work()
    return time.process_time() - started


if __name__ == "__main__":
    main()
