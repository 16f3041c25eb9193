"""`ray job stop`: what is finished is committed, the claim is free at once, the same job goes on where it was."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from navab.lake.claim import latest_claim
from navab.lake.storage import Storage
from tests.heads import Head, ray_head
from tests.lakes import sample_configuration, tables

pytestmark = pytest.mark.slow


def wait_for_step(head: Head, job: str, lake: Path, step: str) -> None:
    """Wait until the job has begun a step."""
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        claim = latest_claim(Storage(str(lake)))
        if claim is not None and claim.stage == step and not claim.released:
            return
        assert head.status(job) in ("PENDING", "RUNNING"), head.logs(job)
        time.sleep(0.05)
    raise AssertionError(f"{step} has not begun:\n{head.logs(job)}")


def test_a_stopped_job_frees_the_lake_and_goes_on(tmp_path: Path, built: Path) -> None:
    config = str(sample_configuration(tmp_path))
    lake = tmp_path / "lake"
    with ray_head() as head:
        for step in ("embeddings", "extraction"):
            job = head.start(tmp_path, "--config", config, "--set", "resources.commit_interval_s=0.5")
            wait_for_step(head, job, lake, step)
            head.stop(job)
            assert head.status(job) == "STOPPED"
            claim = latest_claim(Storage(str(lake)))
            assert claim is not None
            assert claim.released or not claim.is_live(), "a job that follows need not wait"
        done = head.submit(tmp_path, "--config", config)
    assert done.returncode == 0, done.stdout + done.stderr
    expected = tables(built)
    for name, frame in tables(lake).items():
        assert frame.equals(expected[name]), name
