"""Separate hosts on one machine: a worker is killed, another one cut off, the head is killed; tables stay the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.hosts import HOSTS, Stand, scenario
from tests.hosts import connected_hosts, why_not
from tests.lakes import REPOSITORY
from tests.s3.server import BUCKET, Server

pytestmark = pytest.mark.slow


def test_a_run_outlives_its_hosts(tmp_path: Path) -> None:
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)
    document = {
        "nations": ["us", "fr"],
        "sources": [{"path": f"s3://{BUCKET}/sample/*.jsonl", "crawl": "crawl-1"}],
        "tolerance": 0.15,
        "screening": {"threshold": -0.04},
        "topics": {"min_cluster_size": 4},
        "resources": {"unit_rows": 8},
    }
    with connected_hosts(tmp_path, HOSTS) as hosts:
        server = Server(tmp_path / "store", host=hosts.gateway)
        hosts.environment.update(server.environment)
        server.start()
        try:
            for nation in ("us", "fr"):
                file = REPOSITORY / "examples" / "sample" / "crawl-1" / f"{nation}.jsonl"
                server.files.put(str(file), f"{BUCKET}/sample/{nation}.jsonl")
            stand = Stand(hosts, server, tmp_path, document)
            different = scenario(stand, kill="signatures", cut="embeddings", head="extraction")
            assert stand.tables("undisturbed")["triples"].height > 50
        finally:
            server.stop()
    assert different == {"workers": [], "head": []}
