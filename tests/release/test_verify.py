"""Verification finds every change that was made to a release after it was written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from navab import cli
from navab.errors import StorageError
from navab.release.verify import verify


def a_shard(root: Path) -> Path:
    return next(root.glob("data/default/uk/*/train/*.arrow"))


def test_an_untouched_release_is_whole(filesystem: Any, root: Path) -> None:
    verification = verify(filesystem, str(root), [(0, 1), (9, 10)])
    assert verification.ok
    assert verification.rows == 18 + 3 + 9


def test_one_changed_byte_is_found(filesystem: Any, root: Path) -> None:
    payload = bytearray(a_shard(root).read_bytes())
    position = payload.index(b"Taxes should be cut")
    payload[position] ^= 1
    a_shard(root).write_bytes(payload)
    problems = verify(filesystem, str(root)).problems
    assert problems == (f"{a_shard(root).relative_to(root)}: its sha256 is not the manifest's",)


def test_missing_and_added_files_are_found(filesystem: Any, root: Path) -> None:
    (root / "preferences/plain/uk/quoted/train.jsonl").unlink()
    (root / "lm_eval/utils.py").write_text("import os")
    shard = a_shard(root)
    shard.rename(shard.with_name("part-00007.arrow"))
    problems = verify(filesystem, str(root)).problems
    assert {problem.partition(": ")[2] for problem in problems} == {
        "missing",
        "its sha256 is not the manifest's",
        "not in the manifest",
    }
    assert len(problems) == 4


def test_wrong_row_counts_are_found(filesystem: Any, root: Path) -> None:
    manifest = root / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"rows": 1,', '"rows": 2,', 1))
    problems = verify(filesystem, str(root)).problems
    assert len(problems) == 1
    assert problems[0].endswith("1 rows, the manifest says 2")


def test_contradicting_pairs_are_found_across_retained_subsets(filesystem: Any, root: Path) -> None:
    # 5 is foreign and retained, 6 is retained; 0 lost its conflict.
    problems = verify(filesystem, str(root), [(5, 6), (0, 6)]).problems
    assert problems == ("statements 5 and 6 contradict each other and are both retained",)


def test_what_is_no_release_cannot_be_verified(filesystem: Any, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="no release"):
        verify(filesystem, str(tmp_path))


def release(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = cli._run(["release", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.fixture
def copied(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A release as somebody has copied it, and a lake that has it by its name."""
    monkeypatch.chdir(tmp_path)
    lake = tmp_path / "lake" / "releases"
    lake.mkdir(parents=True)
    (lake / "copied").symlink_to(root, target_is_directory=True)
    return root


@pytest.mark.parametrize("by", ["name", "address"])
def test_an_untouched_release_is_what_its_manifest_says(
    copied: Path, capsys: pytest.CaptureFixture[str], by: str
) -> None:
    name = "copied" if by == "name" else str(copied)
    code, said, error = release(capsys, "--set", "lake=lake", "--verify", name)
    assert (code, error) == (0, "")
    assert said.endswith("shards with 30 rows are what the manifest says\n")


def test_what_was_changed_is_named(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for shard in sorted(copied.glob("data/*/*/*/*/*.arrow")):
        shard.write_bytes(b"")
    code, said, error = release(capsys, "--set", "lake=lake", "--verify", str(copied))
    assert (code, said) == (4, "")
    assert error.startswith(f"navab: release {copied} is not what its manifest says: data/")
    assert error.count("\n") == 1
    assert " more; copy or release it anew" in error


def test_no_release_is_named(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, error = release(capsys, "--set", "lake=lake", "--verify", "other")
    assert code == 4
    assert "no release at" in error
