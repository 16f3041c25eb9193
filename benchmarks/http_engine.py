"""Figure 4 of issue 6: the `http` engine against a real vLLM server on the CPU, behind a proxy with faults.

.venv-models/bin/python -m benchmarks.http_engine [--seed 1] [--articles 32]     minutes; needs `make models`

The extraction's work goes through Ray over articles of the bundled sample. The proxy answers one request in three with
429 (and Retry-After) or 500, lets the client wait for ever, or cuts the connection, before or after the server has
answered. What is shown: every article has one row, none is refused for the faults, and the proxy never has more
requests at once than were allowed.
"""

from __future__ import annotations

import argparse
import shutil
import time
from collections import Counter
from pathlib import Path

import polars as pl

from benchmarks.support.faulty_endpoint import RATES, FaultyEndpoint
from benchmarks.support.measure import line
from benchmarks.support.sample_units import Extractor, sample_articles
from benchmarks.support.vllm_server import CONTEXT, NAME, VllmServer
from navab.execution.carrier import Carrier
from navab.lake.storage import Storage
from navab.options.engine import EngineSection
from navab.options.resources import ResourcesSection
from tests.models.chat_server import ChatServer

FOLDER = Path(__file__).resolve().parents[1] / "build" / "http-engine"
CONCURRENCY = 6
TIMEOUT_S = 60.0  # beyond the slowest answer of a busy machine; silences last as long
UNIT_ROWS = 4  # units of several workers ask at once


def options(base_url: str) -> EngineSection:
    http = {"base_url": base_url, "dialect": "vllm", "concurrency": CONCURRENCY, "timeout_s": TIMEOUT_S}
    return EngineSection(
        kind="http", model=NAME, max_statements=1, max_output_tokens=96, context_tokens=CONTEXT, http=http
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--articles", type=int, default=32)
    arguments = parser.parse_args()
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    articles = sample_articles().head(arguments.articles)
    with VllmServer(FOLDER / "vllm.log") as backend:
        endpoint = FaultyEndpoint(backend.base_url, arguments.seed)
        with ChatServer(endpoint) as proxy, Carrier(Storage(str(FOLDER)), ResourcesSection(num_cpus=2), 1) as carrier:
            started = time.monotonic()
            rows = Extractor(carrier, FOLDER, options(proxy.base_url), UNIT_ROWS).extract(articles)
            seconds = time.monotonic() - started
    print(f"seed {arguments.seed}: {len(proxy.asked)} requests in {seconds:.0f} s, of which faulty:")
    for kind in RATES:
        print(f"  {kind:<44} {endpoint.faults[kind]:>4}")
    report(set(articles["article_id"]), rows)
    line("requests at once at the proxy", proxy.most_at_once, CONCURRENCY)


def report(asked: set[int], rows: pl.DataFrame) -> None:
    """What became of every article."""
    reasons = Counter(reason or "answered" for reason in rows["rejected_reason"])
    print(f"{len(asked)} articles, {rows.height} rows: {dict(reasons)}")
    line("rows for each article", rows.height / len(asked), 1.0)
    line("articles that have a row", len(asked & set(rows["article_id"])) / len(asked), 1.0, least=True)
    line("articles not refused for the faults", 1 - reasons["engine_error"] / len(asked), 1.0, least=True)


if __name__ == "__main__":
    main()
