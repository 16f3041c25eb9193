"""kill -9 of the driver in one stage after the other: the resumed run ends with the same keys and values."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from tests.lakes import differences, kill, navab, sample_configuration, start_navab, tables, wait_for_stage

SOME = ("articles", "embeddings", "statements")
ALL = (
    "articles", "signatures", "duplicates", "embeddings", "topics", "article_topics", "screening", "extraction",
    "groundings", "statements", "searches", "resolutions", "wordings", "triples",
)  # fmt: skip


@pytest.mark.parametrize("stages", [SOME, pytest.param(ALL, marks=pytest.mark.slow)], ids=["some", "all"])
def test_killed_runs_end_like_an_undisturbed_one(built: Path, tmp_path: Path, stages: tuple[str, ...]) -> None:
    configuration = sample_configuration(tmp_path, resources={"commit_interval_s": 0.05, "unit_rows": 16})
    chance = random.Random(7)
    killed = 0
    for stage in stages:
        process = start_navab("run", "--config", configuration, "--set", "resources.num_cpus=2")
        if wait_for_stage(tmp_path / "lake", stage, process):
            time.sleep(chance.uniform(0.0, 0.8 if stage in ("articles", "embeddings", "topics") else 0.15))
            kill(process)
            killed += 1
        process.wait()
    navab("run", "--config", configuration)
    assert killed >= len(stages) // 2
    assert differences(tables(built), tables(tmp_path / "lake")) == []
