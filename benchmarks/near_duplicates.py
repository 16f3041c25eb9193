"""Near-duplicates: articles a second beside datatrove's MinHash, and pairs beside exact Jaccard similarity.

python benchmarks/near_duplicates.py [--articles 20000] [--speed-only]        about 5 minutes; needs ../shared/data

The pairs are of the real articles as they are, and of the same with one to fifteen of a hundred words replaced. What
counts as right is the exact Jaccard similarity of character 5-grams, at least 0.7, of every pair that shares a band
of a much wider search, and of those in ../shared/data/dedup.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import shutil
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.support.articles import DATA
from benchmarks.support.crawls import TOKEN, measure_run, real_records, write_configuration, write_crawl
from benchmarks.support.measure import line
from benchmarks.support.peers import run_datatrove
from navab.options.articles import DedupSection
from navab.text.bands import Banding, Forest, band_keys, join_near, shared_bands
from navab.text.likeness import Likeness
from navab.text.minhash import sign, similarity, sketch
from navab.text.normalise import clean_text, fold_text

LEAST_RATIO, LEAST_RECALL, LEAST_PRECISION = 10.0, 0.95, 0.98
WIDE = Banding(bands=64, rows=4)  # finds 99.999 % of pairs at 0.7
CHANGED = 600  # articles a side of which changed copies are made
OPTIONS = DedupSection()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=20_000)
    parser.add_argument("--speed-only", action="store_true", help="leave out the pairs")
    options = parser.parse_args()
    articles = options.articles
    sides = {"Chinese": ("cn",), "European": ("us", "uk", "fr", "de")}
    for side, nations in () if options.speed_only else sides.items():
        _compare_pairs(side, nations)
    folder = Path(tempfile.mkdtemp(prefix="navab-duplicates-"))
    try:
        write_crawl(folder / "crawl", articles)
        configuration = write_configuration(folder, {"one": folder / "crawl"})
        measure_run(configuration, "articles")
        ours = measure_run(configuration, "duplicates")
        theirs = run_datatrove("minhash", folder / "crawl", folder / "datatrove")
    finally:
        shutil.rmtree(folder)
    for name, seconds in {"navab": ours.seconds, "datatrove": theirs}.items():
        print(f"{name:<24} {seconds:8.1f} s  {articles / seconds:10,.0f} articles/s")
    line("articles/s against datatrove, end to end", theirs / ours.seconds, LEAST_RATIO, least=True)


def _compare_pairs(side: str, nations: tuple[str, ...]) -> None:
    records = [record for nation in nations for record in real_records(nation)]
    texts = [clean_text(record["text"]) for record in records]
    chance = random.Random(1)
    words = [word for text in texts[:500] for word in TOKEN.findall(text)]
    for text in chance.sample(texts, CHANGED):
        share = chance.uniform(0.01, 0.15)
        texts.append(TOKEN.sub(lambda found, share=share: _replace(found[0], share, words, chance), text))  # type: ignore[misc]
    folded = list(dict.fromkeys(map(fold_text, texts)))  # exact duplicates are no question
    signatures = sign(folded, OPTIONS.ngram)
    candidates = _candidates(signatures)
    candidates |= _listed(records, {text: row for row, text in enumerate(folded)})
    left, right = np.array(sorted(candidates)).T
    exact = np.array([_jaccard(folded[a], folded[b]) for a, b in zip(left, right, strict=True)])
    gold = exact >= OPTIONS.threshold
    shared = np.zeros(len(left), dtype=np.bool_)
    sketches = sketch(signatures)
    for keys in band_keys(sketches, Banding.for_threshold(OPTIONS.threshold)):
        shared |= keys[left] == keys[right]
    likeness = Likeness(sketches, OPTIONS.threshold, lambda texts: signatures[texts])
    found = shared & likeness.settle(lambda: likeness.near(left, right))
    rows = np.arange(len(folded))
    bands = shared_bands(sketches, OPTIONS.threshold, np.zeros(len(folded), dtype=np.bool_))

    def grouped() -> np.ndarray:
        forest = Forest(rows)
        join_near(bands, range(len(folded)), likeness.near, forest)
        return forest.roots(rows)

    groups = likeness.settle(grouped)
    together = groups[left] == groups[right]
    print(
        f"{side}: {len(folded):,} texts, {len(left):,} pairs looked at, {gold.sum():,} at {OPTIONS.threshold} or more"
    )
    line(f"{side}: recall of pairs", (gold & found).sum() / gold.sum(), LEAST_RECALL, least=True)
    line(f"{side}: precision of pairs", (gold & found).sum() / found.sum(), LEAST_PRECISION, least=True)
    line(f"{side}: recall of pairs in one group", (gold & together).sum() / gold.sum(), LEAST_RECALL, least=True)


def _replace(word: str, share: float, words: list[str], chance: random.Random) -> str:
    return chance.choice(words) if chance.random() < share else word


def _candidates(signatures: np.ndarray) -> set[tuple[int, int]]:
    """Pairs that share a band of the wide search and may be near the threshold."""
    pairs: set[tuple[int, int]] = set()
    for keys in band_keys(sketch(signatures), WIDE):
        order = np.argsort(keys, kind="stable")
        for distance in range(1, 200):
            at = np.flatnonzero(keys[order[distance:]] == keys[order[:-distance]])
            if not len(at):
                break
            a, b = order[at], order[at + distance]
            near = similarity(signatures, a, b) >= OPTIONS.threshold - 0.1
            pairs |= set(zip(np.minimum(a, b)[near].tolist(), np.maximum(a, b)[near].tolist(), strict=True))
    return pairs


def _listed(records: list[dict[str, str]], rows: dict[str, int]) -> set[tuple[int, int]]:
    """The pairs of ../shared/data/dedup of which both articles are among the texts."""
    texts = {record["id"]: rows.get(fold_text(clean_text(record["text"]))) for record in records}
    found = set()
    with gzip.open(DATA.parent / "dedup" / "near_dup_pairs.jsonl.gz", "rt", encoding="utf-8") as file:
        for pair in map(json.loads, file):
            a, b = texts.get(pair["a"]), texts.get(pair["b"])
            if a is not None and b is not None and a != b:
                found.add((min(a, b), max(a, b)))
    return found


def _jaccard(left: str, right: str) -> float:
    size = OPTIONS.ngram
    a, b = ({text[at : at + size] for at in range(max(1, len(text) - size + 1))} for text in (left, right))
    return len(a & b) / len(a | b)


if __name__ == "__main__":
    main()
