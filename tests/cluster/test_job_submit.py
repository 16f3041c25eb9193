"""`ray job submit` against a real local head: the job in jobs/ builds a release from the bundled sample."""

from __future__ import annotations

from pathlib import Path

import pytest

from navab import load_release
from tests.heads import ray_head

pytestmark = pytest.mark.slow


def test_a_submitted_job_builds_a_release(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    with ray_head() as head:
        done = head.submit(tmp_path, "--config", "examples/sample.yaml", "--set", f"lake={lake}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "triples" in done.stdout, "the job's log tells the stages"
    assert load_release(str(lake / "releases" / "sample")).height > 100
