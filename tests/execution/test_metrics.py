"""Metrics: what is committed is counted, and Prometheus can read it while a run goes on."""

from __future__ import annotations

import socket
import urllib.request

import polars as pl
import pytest
from prometheus_client.parser import text_string_to_metric_families

from navab.errors import ConfigurationError
from navab.execution.metrics import Metrics
from navab.execution.units import write_output
from navab.lake.schema import load_schema
from navab.lake.storage import Storage
from navab.lake.table import DataFile
from navab.stages.base import Output


def scraped(metrics: Metrics) -> dict[tuple[str, ...], float]:
    """What Prometheus reads: name and values of the labels, `table` and `step` first -> value."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with metrics.served(port):
        page = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5).read().decode()
    samples = [sample for family in text_string_to_metric_families(page) for sample in family.samples]
    return {
        (sample.name, *(sample.labels[name] for name in sorted(sample.labels, reverse=True))): sample.value
        for sample in samples
    }


def test_committed_files_are_counted() -> None:
    metrics = Metrics()
    files = [
        DataFile("articles", "a", 10, 1, "uk", rejected=(("too_short", 2), ("invalid_json", 1))),
        DataFile("articles", "b", 5, 1, None, rejected=(("too_short", 1),)),
    ]
    metrics.committed(files, 0.3)
    metrics.committed([DataFile("extractions", "c", 4, 1, "uk", tokens=(("prompt", 900), ("output", 80)))], 0.7)
    found = scraped(metrics)
    assert found["navab_rows_total", "articles", "uk"] == 10
    assert found["navab_rows_total", "articles", ""] == 5
    assert found["navab_rejections_total", "articles", "too_short"] == 3
    assert found["navab_tokens_total", "extractions", "prompt"] == 900
    assert found["navab_commit_seconds_count", "articles"] == 1
    assert found["navab_commit_seconds_sum", "extractions"] == pytest.approx(0.7)


def test_pending_work_goes_down() -> None:
    metrics = Metrics()
    metrics.begin("embeddings", 100)
    metrics.advance("embeddings", 30)
    found = scraped(metrics)
    assert found["navab_pending_rows", "embeddings"] == 70
    assert found["navab_step_running", "embeddings"] == 1
    metrics.end("embeddings", 12.5)
    found = scraped(metrics)
    assert found["navab_pending_rows", "embeddings"] == 0
    assert found["navab_step_running", "embeddings"] == 0
    assert found["navab_step_seconds_total", "embeddings"] == 12.5


def test_a_port_that_is_taken_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=rf"metrics_port: port {port}"), Metrics().served(port):
            pass


def test_a_worker_counts_what_it_writes(tmp_path: pytest.TempPathFactory) -> None:
    schema = load_schema("extractions").arrow
    base = dict.fromkeys(schema.names) | {"nation": "uk", "fingerprint": 1, "statements": [], "engine": "x"}
    rows = [
        base | {"article_id": number, "statement_ids": [], "prompt_tokens": 100, "output_tokens": number}
        | {"rejected_reason": "no_statement" if number % 2 else None}
        for number in range(4)
    ]  # fmt: skip
    table = load_schema("extractions").table(rows)
    (file,) = write_output(Output("extractions", table), "unit", Storage(str(tmp_path)), 1)
    assert file.rejected == (("no_statement", 2),)
    assert file.tokens == (("prompt", 400), ("output", 6))
    assert pl.read_parquet(f"{tmp_path}/tables/extractions/{file.path}").height == file.rows == 4
