"""The readers under mutated files, the short version of benchmarks/fuzz_readers.py."""

from __future__ import annotations

import pytest

from benchmarks.fuzz_readers import FOLDER, SEEDS, fuzz

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("format_", SEEDS)
def test_no_mutated_file_crashes_hangs_or_loses_a_record(format_: str) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    outcomes, failures = fuzz(format_, 500)
    assert (failures, outcomes["inputs"]) == (0, 500)
    assert outcomes["readable"] > 50  # mutations leave much as it was: this is no test of refusing everything
