"""Checkpoints: one that was not kept whole does not count, earlier ones go."""

from __future__ import annotations

from pathlib import Path

from navab.alignment.checkpoints import fetch_folder, is_complete, keep_checkpoint, keep_folder, latest_checkpoint
from navab.lake.storage import Storage


def checkpoint(folder: Path, text: str) -> Path:
    (folder / text / "inner").mkdir(parents=True)
    (folder / text / "weights").write_text(text)
    (folder / text / "inner" / "state").write_text(text)
    return folder / text


def test_a_checkpoint_comes_back_as_it_was_kept(tmp_path: Path) -> None:
    storage = Storage(str(tmp_path / "lake"))
    keep_checkpoint(storage, checkpoint(tmp_path, "one"), storage.path("checkpoints"), 10)
    found = latest_checkpoint(storage, storage.path("checkpoints"))
    assert found is not None
    assert found[0] == 10
    fetch_folder(storage, found[1], tmp_path / "back")
    files = {str(path.relative_to(tmp_path / "back")) for path in (tmp_path / "back").rglob("*") if path.is_file()}
    assert files == {"weights", "inner/state"}
    assert (tmp_path / "back" / "inner" / "state").read_text() == "one"


def test_only_the_latest_checkpoint_stays(tmp_path: Path) -> None:
    storage = Storage(str(tmp_path / "lake"))
    for step in (9, 10, 100):
        keep_checkpoint(storage, checkpoint(tmp_path, f"c{step}"), storage.path("checkpoints"), step)
    kept = [path for path in storage.find_files(storage.path("checkpoints")) if path.endswith("weights")]
    assert [Path(path).read_text() for path in kept] == ["c100"]


def test_a_checkpoint_that_was_cut_off_does_not_count(tmp_path: Path) -> None:
    storage = Storage(str(tmp_path / "lake"))
    keep_folder(storage, checkpoint(tmp_path, "whole"), storage.path("checkpoints", "00000010"))
    storage.write_bytes(storage.path("checkpoints", "00000020", "weights"), b"half")
    assert latest_checkpoint(storage, storage.path("checkpoints")) == (10, storage.path("checkpoints", "00000010"))
    assert not is_complete(storage, storage.path("checkpoints", "00000020"))
    assert latest_checkpoint(storage, storage.path("none")) is None
