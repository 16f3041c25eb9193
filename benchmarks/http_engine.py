"""Figure 4 of issue 6: the `http` engine against a real `vllm serve` on the CPU, behind a proxy with faults.

.venv-models/bin/python -m benchmarks.http_engine [--seed 1]     some minutes; needs `make models`

`navab run` takes a part of the bundled sample through to the triples. The proxy answers one request in three with 429
(and Retry-After) or 500, lets the client wait for ever, or cuts the connection, before or after the server has
answered. What is shown: every kept article and every statement has its row, none is refused for the faults, and the
proxy never has more requests at once than were allowed.
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
from benchmarks.support.vllm_server import CONTEXT, NAME, VllmServer
from tests.lakes import navab, sample_configuration, tables
from tests.models.chat_server import ChatServer

FOLDER = Path(__file__).resolve().parents[1] / "build" / "http-engine"
CONCURRENCY = 6
TIMEOUT_S = 60.0  # beyond the slowest answer of a busy machine; silences last as long
ENGINE = {
    "kind": "http",
    "model": NAME,
    "max_statements": 1,
    "max_output_tokens": 128,
    "window_chars": 4000,
    "context_tokens": CONTEXT,
    "unit_rows": 8,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    seed = parser.parse_args().seed
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    with VllmServer(FOLDER / "vllm.log") as backend:
        endpoint = FaultyEndpoint(backend.base_url, seed)
        with ChatServer(endpoint) as proxy:
            started = time.monotonic()
            _run(proxy.base_url)
            seconds = time.monotonic() - started
    print(f"seed {seed}: {len(proxy.asked)} requests in {seconds:.0f} s, of which faulty:")
    for kind in RATES:
        print(f"  {kind:<44} {endpoint.faults[kind]:>4}")
    _report(tables(FOLDER / "lake"))
    line("requests at once at the proxy", proxy.most_at_once, CONCURRENCY)


def _run(base_url: str) -> None:
    http = {"base_url": base_url, "dialect": "vllm", "concurrency": CONCURRENCY, "timeout_s": TIMEOUT_S}
    configuration = sample_configuration(FOLDER, crawls=["crawl-1"], nations=["de"], engine=ENGINE | {"http": http})
    navab("run", "--config", configuration, "--set", "resources.num_cpus=2", "--until", "triples")


def _report(made: dict[str, pl.DataFrame]) -> None:
    """Rows that there must be, and are; a run ends with an error if conservation does not hold."""
    kept = set(made["screening"].filter("sensitive")["article_id"])
    statements = made["statements"].filter(pl.col("rejected_reason").is_null() & pl.col("merged_into").is_null())
    asked = {
        "extractions": (kept, made["extractions"]["article_id"], made["extractions"]["rejected_reason"]),
        "wordings": (
            set(statements["statement_id"]),
            made["wordings"]["statement_id"],
            made["wordings"]["refused_because"],
        ),
    }
    for table, (wanted, found, reasons) in asked.items():
        counts = Counter("answered" if reason is None else reason for reason in reasons)
        print(f"{table}: {len(wanted)} asked, {found.len()} rows: {dict(counts)}")
        line(f"{table}: rows for each that was asked", found.len() / len(wanted), 1.0)
        line(f"{table}: asked that have one", len(wanted & set(found)) / len(wanted), 1.0, least=True)
        line(f"{table}: not refused for the faults", 1 - counts["engine_error"] / len(wanted), 1.0, least=True)


if __name__ == "__main__":
    main()
