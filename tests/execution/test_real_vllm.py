"""A real vLLM on the CPU under Ray: every response parses, and a killed engine process loses and doubles nothing."""

from __future__ import annotations

import time
from pathlib import Path

import polars as pl
import psutil
import pytest

from navab.execution.carrier import Carrier
from navab.lake.storage import Storage
from navab.options.engine import EngineSection
from navab.options.resources import ResourcesSection
from tests.execution.test_engine_pool import Ask, units
from tests.lakes import sample_configuration, start_navab, tables
from tests.models.smollm2 import SMOLLM2

pytestmark = pytest.mark.models

PARSED = {None, "no_statement"}
BRIEF = {"max_statements": 1, "max_output_tokens": 256, "unit_rows": 4}


def engine_cores(parent: int) -> set[psutil.Process]:
    """The processes of vLLM under another one that hold a model."""
    return {one for one in psutil.Process(parent).children(recursive=True) if "EngineCore" in one.name()}


def committed(lake: Path, table: str) -> int:
    """Rows of a table, 0 if there is none yet."""
    folder = lake / "tables" / table
    return pl.read_delta(str(folder)).height if (folder / "_delta_log" / "00000000000000000000.json").exists() else 0


def test_the_sample_goes_through_a_real_engine_that_is_killed(tmp_path: Path) -> None:
    changes = {"nations": ["de"], "resources": {"num_cpus": 2, "commit_interval_s": 0.2}}
    configuration = sample_configuration(tmp_path, crawls=["crawl-1"], engine=SMOLLM2 | BRIEF, **changes)
    lake = tmp_path / "lake"
    run = start_navab("run", "--config", configuration, "--until", "triples")
    while run.poll() is None and not committed(lake, "extractions"):
        time.sleep(0.1)
    before = committed(lake, "extractions")
    killed = engine_cores(run.pid)
    for one in killed:
        one.kill()
    assert run.wait() == 0  # a run checks conservation itself
    made = tables(lake)
    kept = made["screening"].filter("sensitive")["article_id"]
    assert killed and before < kept.len()
    assert sorted(made["extractions"]["article_id"]) == sorted(kept)
    assert set(made["extractions"]["rejected_reason"]) <= PARSED
    assert made["statements"].height > 0
    assert made["wordings"]["refused_because"].null_count() == made["wordings"].height


def test_wordings_are_answered_once_though_the_engine_process_is_killed(tmp_path: Path) -> None:
    options = EngineSection.model_validate(SMOLLM2 | BRIEF)
    found: list[pl.DataFrame] = []
    killed: set[psutil.Process] = set()
    with Carrier(Storage(str(tmp_path)), ResourcesSection(num_cpus=2), 1) as carrier:
        for written in carrier.carry(units(12, 4), Ask(options), options):
            if written.file is not None:
                found.append(pl.read_parquet(tmp_path / "tables" / "wordings" / written.file.path))
            if not killed:
                killed = engine_cores(psutil.Process().pid)
                for one in killed:
                    one.kill()
        assert killed and not killed & engine_cores(psutil.Process().pid)
    rows = pl.concat(found)
    assert sorted(rows["statement_id"]) == list(range(48))
    assert rows["refused_because"].null_count() == 48
