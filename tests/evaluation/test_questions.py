"""What is asked: the core set of an earlier release, and what only a later one holds."""

from __future__ import annotations

from pathlib import Path

import pyarrow.dataset
import pytest

from navab.evaluation.questions import choose
from navab.release.load import load_release
from tests.evaluation.conftest import write_release


@pytest.fixture
def first(tmp_path: Path) -> pyarrow.dataset.Dataset:
    return load_release(str(write_release(tmp_path, "first", range(40))), as_dataset=True)


@pytest.fixture
def second(tmp_path: Path) -> pyarrow.dataset.Dataset:
    return load_release(str(write_release(tmp_path, "second", range(10, 60))), as_dataset=True)


def ids(dataset: pyarrow.dataset.Dataset) -> set[int]:
    return set(dataset.to_table(columns=["triple_id"])["triple_id"].to_pylist())


def test_a_release_without_another_core_is_its_own(first: pyarrow.dataset.Dataset) -> None:
    (part,) = choose(first, None, None).parts
    assert part.name == "core"
    assert set(part.chosen["triple_id"]) == ids(first)


@pytest.mark.parametrize("limit", [None, 5])
def test_the_rolling_set_holds_nothing_of_the_core_release(
    first: pyarrow.dataset.Dataset, second: pyarrow.dataset.Dataset, limit: int | None
) -> None:
    core, rolling = choose(second, first, limit).parts
    assert set(core.chosen["triple_id"]) <= ids(first)
    assert set(rolling.chosen["triple_id"]) <= ids(second) - ids(first)
    assert (core.chosen.height, rolling.chosen.height) == ((40, 20) if limit is None else (10, 10))
