"""A lake with nothing but a release of two nations, and an endpoint that sides with its statements."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import fsspec
import pytest
import yaml

from navab.release.build import ReleaseInputs, ReleaseOptions, build_release
from navab.release.load import load_release
from tests.evaluation.endpoint import Endpoint, serving
from tests.release.conftest import frame, triple

COUNT = 40


def write_release(
    lake: Path, name: str, numbers: range, day: int = 1, benchmark: str = "navab", **changes: object
) -> Path:
    """A release of the triples with some numbers; even ones are of the United Kingdom, odd ones of China."""
    rows = [
        triple(
            number,
            "cn" if number % 2 else "uk",
            split="test",
            source_type="official" if number % 4 == 0 else "quoted",
            group_id=number // 2,
            published_at=datetime(2024, 1 + number % 12, 2, tzinfo=UTC),
            **changes,
        )
        for number in numbers
    ]
    inputs = ReleaseInputs(triples=frame(rows), nations=["uk", "cn"])
    options = ReleaseOptions(name=name, benchmark=benchmark, created_at=datetime(2025, 1, day, tzinfo=UTC))
    root = lake / "releases" / name
    build_release(inputs, options, fsspec.filesystem("file"), str(root))
    return root


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    write_release(tmp_path / "lake", "first", range(COUNT))
    return tmp_path / "lake"


@pytest.fixture
def endpoint(lake: Path) -> Iterator[Endpoint]:
    with serving(frozenset(load_release(str(lake / "releases" / "first"))["statement"])) as one:
        yield one


@pytest.fixture
def configuration(lake: Path, endpoint: Endpoint, tmp_path: Path) -> Path:
    served = {"model": "served", "kind": "http", "url": endpoint.url}
    document = {
        "lake": str(lake),
        "evaluation": {
            "models": [served | {"cutoff": "2024-06-30"}],
            "judge": served | {"name": "judge"},
            "methods": ["mc", "likelihood", "aj"],
            "unit": 5,
        },
    }
    path = tmp_path / "navab.yaml"
    path.write_text(yaml.safe_dump(document), "utf-8")
    return path
