"""The claim: at most one run writes to a lake.

Each claim is a file `<lake>/claims/<epoch>.json`, created exclusively; the greatest epoch is the one that counts.
Its holder renews it every few seconds. A claim ends when it is released, when it was not renewed for its
lifetime, or at once when its process on this host is dead. As clocks differ between hosts, another host's claim that
seems to have ended is watched for one renewal before it is taken over. The epoch goes into every commit (see
table.py), so that a holder that was paused beyond its lifetime cannot commit late.
"""

from __future__ import annotations

import getpass
import os
import platform
import re
import threading
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

import psutil
from pydantic import BaseModel, ValidationError

from navab.errors import ClaimLostError, LakeHeldError, StorageError
from navab.lake.storage import Storage

CLAIMS, RELEASE_CLAIMS = "claims", "release-claims"  # folders of a lake
LIFETIME_S = 30.0
RENEWALS = 4  # in a lifetime
_CLAIM_FILE = re.compile(r"/\d{12}\.json$")


class ClaimRecord(BaseModel):
    """What a claim file says."""

    epoch: int
    holder: str
    host: str
    user: str
    pid: int
    process_started: float
    started_at: datetime
    stage: str
    renewed_at: float
    released: bool = False
    pid_namespace: str = ""  # whose process ids these are: containers may share the name of a host

    @property
    def is_ours(self) -> bool:
        """Whether its holder's process, and its clock, are those of this host."""
        return (self.host, self.pid_namespace) == (platform.node(), _pid_namespace())

    def is_live(self, lifetime_s: float = LIFETIME_S) -> bool:
        """Whether its holder may still be writing."""
        if self.released:
            return False
        if self.is_ours and not _process_lives(self.pid, self.process_started):
            return False
        return time.time() - self.renewed_at < lifetime_s

    def describe(self) -> str:
        return (
            f"process {self.pid} of {self.user} on {self.host}, started {self.started_at:%Y-%m-%d %H:%M:%S} UTC, "
            f"in stage {self.stage}"
        )

    def refusal(self, what: str) -> LakeHeldError:
        """The error for those who may not write meanwhile."""
        return LakeHeldError(f"{what} is held by {self.describe()}; wait, or stop that run")


class Claim:
    """Hold a lake for the duration of a `with` block; raises LakeHeldError if somebody else does.

    Its releases, which are written beside a run, are held by a claim of their own in another `folder`.
    `on_takeover` is called with the new epoch when the previous holder did not release its claim. `last_epoch` tells
    the last epoch that the tables know; it is asked when no claim file is left to go on from.
    """

    def __init__(
        self,
        storage: Storage,
        command: str,
        on_takeover: Callable[[int], None] | None = None,
        last_epoch: Callable[[], int] | None = None,
        *,
        folder: str = CLAIMS,
        lifetime_s: float = LIFETIME_S,
    ) -> None:
        self._storage = storage
        self._folder = folder
        self._held = ("" if folder == CLAIMS else "writing releases of ") + f"lake {storage.root}"
        self._on_takeover = on_takeover
        self._last_epoch = last_epoch
        self._lifetime_s = lifetime_s
        self._lost = threading.Event()
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._record = ClaimRecord(
            epoch=0,
            holder=uuid.uuid4().hex,
            host=platform.node(),
            user=getpass.getuser(),
            pid=os.getpid(),
            process_started=psutil.Process().create_time(),
            started_at=datetime.now(UTC),
            stage=command,
            renewed_at=time.time(),
            pid_namespace=_pid_namespace(),
        )

    @property
    def epoch(self) -> int:
        return self._record.epoch

    def __enter__(self) -> Claim:
        previous = latest_claim(self._storage, self._folder)
        if previous is not None and (previous.is_live(self._lifetime_s) or self._is_renewed(previous)):
            raise previous.refusal(self._held)
        self._record.epoch = 1 + (previous.epoch if previous else self._last_epoch() if self._last_epoch else 0)
        self._record.renewed_at = time.time()
        if not self._storage.create_exclusively(self._path(self.epoch), self._content()):
            holder = latest_claim(self._storage, self._folder)
            raise LakeHeldError(
                f"{self._held} was taken a moment ago by {holder.describe() if holder else 'another run'}"
            )
        if previous is not None and not previous.released and self._on_takeover is not None:
            self._on_takeover(self.epoch)
        self._remove_older()
        self._thread = threading.Thread(target=self._renew_until_stopped, name="claim", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        if not self._lost.is_set():
            self._record.released = True
            try:
                self._write()
            except StorageError:
                if error is None:
                    raise
                # What went wrong first is what the user must hear; the claim expires by itself.

    def enter_stage(self, stage: str) -> None:
        """Tell others which stage is running."""
        self._record.stage = stage
        self.check()
        self._write()

    def check(self) -> None:
        """Raise ClaimLostError if somebody else has taken the lake."""
        if self._lost.is_set() or self._is_superseded():
            self._lost.set()
            raise ClaimLostError(f"this run's claim on {self._storage.root} expired and another run took the lake")

    def _is_renewed(self, previous: ClaimRecord) -> bool:
        """Watch a claim that seems to have expired on another host, whose clock may be behind."""
        if previous.released or previous.is_ours:
            return False
        deadline = time.monotonic() + 1.2 * self._lifetime_s / RENEWALS
        while time.monotonic() < deadline:
            time.sleep(self._lifetime_s / RENEWALS / 10)
            if latest_claim(self._storage, self._folder) != previous:
                return True
        return False

    def _renew_until_stopped(self) -> None:
        while not self._stop.wait(self._lifetime_s / RENEWALS):
            try:
                if self._is_superseded():
                    self._lost.set()
                    return
                self._write()
            except StorageError:
                continue  # the store did not answer: the claim ages, and the next renewal may reach it

    def _is_superseded(self) -> bool:
        return any(path > self._path(self.epoch) for path in claim_files(self._storage, self._folder))

    def _write(self) -> None:
        with self._lock:
            self._record.renewed_at = time.time()
            self._storage.write_bytes(self._path(self.epoch), self._content())

    def _content(self) -> bytes:
        return self._record.model_dump_json(indent=1).encode()

    def _path(self, epoch: int) -> str:
        return self._storage.path(self._folder, f"{epoch:012d}.json")

    def _remove_older(self) -> None:
        # The predecessor's file stays, so that epochs go on from it should this one be damaged.
        for path in claim_files(self._storage, self._folder):
            if path < self._path(self.epoch - 1):
                self._storage.delete(path)


def claim_files(storage: Storage, folder: str = CLAIMS) -> list[str]:
    """Paths of the claims that exist, in the order of their epochs."""
    return [path for path in storage.list_files(storage.path(folder)) if _CLAIM_FILE.search(path)]


def latest_claim(storage: Storage, folder: str = CLAIMS) -> ClaimRecord | None:
    """The claim with the greatest epoch, or None if the lake was never claimed."""
    paths = claim_files(storage, folder)
    if not paths:
        return None
    try:
        return ClaimRecord.model_validate_json(storage.read_bytes(paths[-1]))
    except (ValidationError, FileNotFoundError) as error:
        raise StorageError(f"claim file {paths[-1]} cannot be read: {error}; remove it if no run is active") from error


def _pid_namespace() -> str:
    """What tells this machine's, or container's, process ids from others; empty where the system does not say."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""


def _process_lives(pid: int, started: float) -> bool:
    try:
        process = psutil.Process(pid)
        return abs(process.create_time() - started) < 1.0 and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
