"""Checkpoints in the lake's storage: folders of files that exist once their marker does."""

from __future__ import annotations

from pathlib import Path

from navab.lake.storage import Storage

_MARKER = "complete"


def keep_folder(storage: Storage, folder: Path, target: str) -> None:
    """Copy a local folder into the storage, its marker last."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            storage.write_bytes(f"{target}/{path.relative_to(folder).as_posix()}", path.read_bytes())
    storage.write_bytes(f"{target}/{_MARKER}", b"")


def fetch_folder(storage: Storage, source: str, folder: Path) -> None:
    """Copy a folder of the storage to a local one."""
    for path in storage.find_files(source):
        inner = path.removeprefix(f"{source}/")
        target = folder / inner
        target.parent.mkdir(parents=True, exist_ok=True)
        if inner != _MARKER:
            target.write_bytes(storage.read_bytes(path))


def is_complete(storage: Storage, folder: str) -> bool:
    """Whether a folder was kept whole."""
    return storage.exists(f"{folder}/{_MARKER}")


def keep_checkpoint(storage: Storage, folder: Path, checkpoints: str, step: int) -> None:
    """Keep the checkpoint of a step, then delete earlier ones."""
    keep_folder(storage, folder, f"{checkpoints}/{step:08d}")
    for earlier in storage.list_folders(checkpoints):
        if int(earlier.rsplit("/", 1)[1]) < step:
            storage.delete(f"{earlier}/{_MARKER}")
            storage.delete_files(storage.find_files(earlier))


def latest_checkpoint(storage: Storage, checkpoints: str) -> tuple[int, str] | None:
    """Step and folder of the latest complete checkpoint; None if there is none."""
    whole = [folder for folder in storage.list_folders(checkpoints) if is_complete(storage, folder)]
    return max(((int(folder.rsplit("/", 1)[1]), folder) for folder in whole), default=None)
