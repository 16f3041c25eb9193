"""Lakes of earlier schema versions, and schema folders that differ from the declared ones."""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from navab.configuration import load_configuration
from navab.lake import schema
from navab.pipeline import open_lake, open_view
from navab.view import View
from tests.lakes import REPOSITORY

ARCHIVES = REPOSITORY / "tests" / "fixtures"


def unpack(version: int, folder: Path) -> Path:
    """Unpack the lake of a schema version into a folder; the path of a configuration for it.

    The configuration names no source: the files that the lake was made of lay elsewhere.
    """
    with tarfile.open(ARCHIVES / f"lake-{version}.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    return _configure(folder)


def copy(configuration: Path, folder: Path) -> Path:
    """Copy an unpacked lake to another folder; the path of its configuration there."""
    shutil.copytree(configuration.parent, folder)
    return _configure(folder)


def view_of(configuration: Path, *settings: str) -> View:
    """A view of the configuration's lake."""
    loaded = load_configuration(configuration, settings)
    return open_view(loaded, open_lake(loaded))


def _configure(folder: Path) -> Path:
    path = folder / "navab.yaml"
    document = yaml.safe_load(path.read_text("utf-8")) | {"lake": str(folder / "lake"), "sources": []}
    path.write_text(yaml.safe_dump(document), "utf-8")
    return path


@contextmanager
def declared_otherwise(folder: Path, monkeypatch: pytest.MonkeyPatch, **tables: Callable[[Any], None]) -> Iterator[int]:
    """Declare tables otherwise, under the next schema version: each function changes one table's document.

    Yields the new version. Reads and caches of declarations go to a copy of schemas/ in `folder`.
    """
    shutil.copytree(schema.schema_folder(), folder)
    version = schema.schema_version() + 1
    (folder / "VERSION").write_text(f"{version}\n")
    for name, change in tables.items():
        document = yaml.safe_load((folder / f"{name}.yaml").read_text("utf-8"))
        change(document)
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(document), "utf-8")
    with monkeypatch.context() as patched:
        patched.setattr(schema, "schema_folder", lambda: folder)
        _forget_declarations()
        try:
            yield version
        finally:
            _forget_declarations()


def files(lake: Path) -> dict[str, bytes]:
    """Every file of a lake by its path, to see that nothing has changed."""
    return {str(path.relative_to(lake)): path.read_bytes() for path in sorted(lake.rglob("*")) if path.is_file()}


def _forget_declarations() -> None:
    for cached in (schema.load_schema, schema.table_names, schema.schema_version):
        cached.cache_clear()
