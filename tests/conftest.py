"""Fixtures that several test modules share."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

from tests.lakes import navab, sample_configuration

# The same examples every time, however slow the machine is.
settings.register_profile("navab", max_examples=50, deadline=None, derandomize=True)
settings.load_profile("navab")


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake that `navab run` built from the bundled sample on two logical CPUs; tests must not change it."""
    folder = tmp_path_factory.mktemp("built")
    navab("run", "--config", sample_configuration(folder), "--set", "resources.num_cpus=2")
    return folder / "lake"
