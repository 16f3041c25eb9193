"""Answers that break off in the middle: tables are opened and committed to all the same."""

from __future__ import annotations

import pytest

from benchmarks.support.faulty_proxy import HALF_ANSWER, LOST_ANSWER, FaultyProxy
from navab.lake.lake import Lake
from navab.lake.storage import StorageOptions
from tests.lake.test_claim import write_file
from tests.s3.server import Server

pytestmark = pytest.mark.slow
RATES = {HALF_ANSWER: 0.2, LOST_ANSWER: 0.1}


def test_every_commit_counts_once(server: Server) -> None:
    with FaultyProxy(server.endpoint, 3, RATES, RATES) as proxy:
        lake = Lake("s3://lake/broken", StorageOptions(proxy.endpoint))
        with lake.claim("run") as claim:
            rows = [lake.commit("files", write_file(lake, f"file-{number}"), claim) for number in range(8)]
    assert rows == [1] * 8
    assert proxy.faults[HALF_ANSWER, "GET"] > 2
    snapshot = Lake("s3://lake/broken", StorageOptions(server.endpoint)).table("files").snapshot()
    assert sorted(snapshot.read(["uri"])["uri"]) == sorted(f"file-{number}" for number in range(8))
