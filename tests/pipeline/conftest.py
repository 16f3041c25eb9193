"""A lake of schema version 1 for the tests of upgrades and of looking back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.inprocess import run_until
from tests.oldlakes import copy, unpack, view_of


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Configuration of a lake of schema version 1 in which nothing is pending.

    Stages that decide differently by now have made their rows anew, in tables that still have the old schema.
    """
    configuration = unpack(1, tmp_path_factory.mktemp("finished"))
    run_until(view_of(configuration), "triples")
    return configuration


@pytest.fixture
def old(finished: Path, tmp_path: Path) -> Path:
    """Configuration of a copy of that lake."""
    return copy(finished, tmp_path / "old")
