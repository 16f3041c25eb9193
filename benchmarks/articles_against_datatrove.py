"""Read JSONL.gz, identify languages, hash, write: navab, datatrove and a bare loop on the same files.

python benchmarks/articles_against_datatrove.py [--articles 100000]        about 5 minutes; needs ../shared/data

The bare loop reads the same lines and makes the same fastText calls in two processes, and does nothing else. What is
timed of navab and of datatrove each follows a run over a few articles.
"""

from __future__ import annotations

import argparse
import gzip
import json
import shutil
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import fasttext

from benchmarks.support.crawls import FEW, measure_run, run_over_few, write_configuration, write_crawl
from benchmarks.support.measure import line
from benchmarks.support.peers import run_datatrove
from navab.text import language

WORKERS = 2
LEAST_OF_DATATROVE, LEAST_OF_BARE = 3.0, 0.6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=100_000)
    articles = parser.parse_args().articles
    folder = Path(tempfile.mkdtemp(prefix="navab-articles-"))
    try:
        files = write_crawl(folder / "crawl", articles)
        started = time.monotonic()
        with ProcessPoolExecutor(WORKERS) as pool:
            assert sum(pool.map(bare, files)) == articles
        alone = time.monotonic() - started
        run_over_few("articles")
        ours = measure_run(write_configuration(folder, {"one": folder / "crawl"}), "articles")
        write_crawl(folder / "few", FEW)
        run_datatrove("language", folder / "few", folder / "datatrove-few")
        theirs = run_datatrove("language", folder / "crawl", folder / "datatrove")
    finally:
        shutil.rmtree(folder)
    rates = {"navab": ours.seconds, "navab, its step alone": ours.steps["articles"], "datatrove": theirs, "bare": alone}
    for name, seconds in rates.items():
        print(f"{name:<24} {seconds:8.1f} s  {articles / seconds:10,.0f} articles/s")
    line("articles/s against datatrove, end to end", theirs / ours.seconds, LEAST_OF_DATATROVE, least=True)
    line("articles/s against a bare loop, end to end", alone / ours.seconds, LEAST_OF_BARE, least=True)
    line("articles/s against a bare loop, the step", alone / ours.steps["articles"], LEAST_OF_BARE, least=True)


def bare(path: Path) -> int:
    """Read a file and make the fastText calls that navab makes of it; how many records it has."""
    model = fasttext.load_model(str(language.model_path(language.BUNDLED_MODEL)))
    count = 0
    with gzip.open(path) as file:
        for record in map(json.loads, file):
            text = f"{record['title'] or ''}\n{record['text']}"
            passages = language.passages_of(text)
            found = [ask(model, beginning) for beginning in language.beginnings(passages)]
            if language.agreement(found) is None:
                code, _, _ = ask(model, language.head_of(text))
                for passage in language.doubtful_passages(passages, found, code):
                    ask(model, passage)
            count += 1
    return count


def ask(model: Any, line: str) -> language.Found:
    """fastText's answer for a line, as it is."""
    labels, scores = model.predict(line)
    return labels[0], float(scores[0]), None


if __name__ == "__main__":
    main()
