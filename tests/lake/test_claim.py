"""The claim: one writer at a time, whatever happens to the one before; with real processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from navab.errors import ClaimLostError, LakeHeldError, StorageError
from navab.execution.units import write_output
from navab.lake.claim import LIFETIME_S, latest_claim
from navab.lake.lake import Lake
from navab.lake.schema import load_schema
from navab.lake.table import DataFile
from navab.stages.base import Output

HOLDER = """
import sys
from navab.lake.lake import Lake
lake = Lake(sys.argv[1])
with lake.claim("run", lifetime_s=float(sys.argv[2])):
    print("held", flush=True)
    sys.stdin.readline()
"""

# Commits one file while it holds the lake and tries two more when it is told to go on, one past the claim's check.
WRITER = """
import sys
from navab.errors import ClaimLostError
from navab.lake.lake import Lake
from tests.lake.test_claim import write_file
lake = Lake(sys.argv[1])
with lake.claim("run", lifetime_s=float(sys.argv[2])) as claim:
    lake.commit("files", write_file(lake, "before"), claim)
    print("held", flush=True)
    sys.stdin.readline()
    for commit in (lambda files: lake.commit("files", files, claim),
                   lambda files: lake.table("files").commit(files, claim.epoch)):
        try:
            commit(write_file(lake, "late"))
        except ClaimLostError as error:
            print("refused:", error, flush=True)
        else:
            print("committed", flush=True)
"""


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


def write_file(lake: Lake, uri: str) -> list[DataFile]:
    row = {"uri": uri, "fingerprint": 1, "etag": "", "size": 1, "records": 1, "name": uri}
    row |= {"crawl": "c", "generation": 0, "read_at": 0}
    return list(write_output(Output("files", load_schema("files").table([row])), uri, lake.storage, 1))


def start(program: str, lake: Lake, lifetime_s: float = LIFETIME_S) -> subprocess.Popen[str]:
    """Start a process that holds the lake."""
    process = subprocess.Popen(
        [sys.executable, "-c", program, lake.storage.root, str(lifetime_s)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def stop(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def wait_until(condition: Callable[[], bool], timeout_s: float = 30) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def edit_claim(lake: Lake, **changes: object) -> None:
    """Change what the latest claim says."""
    record = latest_claim(lake.storage)
    assert record is not None
    content = json.loads(record.model_dump_json()) | changes
    lake.storage.write_bytes(lake.storage.path("claims", f"{record.epoch:012d}.json"), json.dumps(content).encode())


def test_a_released_claim_makes_way_and_epochs_count_on(lake: Lake) -> None:
    for epoch in (1, 2, 3):
        with lake.claim("run") as claim:
            assert claim.epoch == epoch
            claim.check()
        record = latest_claim(lake.storage)
        assert record is not None
        assert record.released


def test_a_held_lake_names_its_holder(lake: Lake) -> None:
    with lake.claim("run") as claim:
        claim.enter_stage("topics")
        with pytest.raises(LakeHeldError, match=rf"held by process {os.getpid()} of .* on .*, in stage topics"):
            lake.claim("maintain").__enter__()
    assert LakeHeldError.exit_code == 75


def test_another_process_is_refused_while_one_lives_and_admitted_once_it_is_dead(lake: Lake) -> None:
    holder = start(HOLDER, lake)
    try:
        with pytest.raises(LakeHeldError, match=f"process {holder.pid} "):
            lake.claim("run").__enter__()
    finally:
        stop(holder)
    with lake.claim("run") as claim:  # at once: its lifetime is far from over
        assert claim.epoch == 2


def test_a_process_id_that_was_given_anew_is_not_the_holder(lake: Lake) -> None:
    with lake.claim("run"):
        edit_claim(lake, process_started=time.time() - 1e6)
        with lake.claim("run") as second:
            assert second.epoch == 2


def test_another_hosts_claim_is_respected_until_its_lifetime_is_over(lake: Lake) -> None:
    with lake.claim("run"):
        pass
    edit_claim(lake, host="elsewhere", released=False, renewed_at=time.time())
    with pytest.raises(LakeHeldError, match="on elsewhere"):
        lake.claim("run").__enter__()
    edit_claim(lake, renewed_at=time.time() - LIFETIME_S - 1)
    with lake.claim("run", lifetime_s=2) as claim:
        assert claim.epoch == 2


def test_another_hosts_clock_may_be_behind(lake: Lake) -> None:
    """A claim that seems to have expired is watched; the renewals of this one say that it lives elsewhere."""
    with lake.claim("run", lifetime_s=2) as held:
        held._record.host = "elsewhere"
        edit_claim(lake, host="elsewhere", renewed_at=time.time() - 3600)
        with pytest.raises(LakeHeldError, match="on elsewhere"):
            lake.claim("run", lifetime_s=2).__enter__()


def test_the_same_name_of_a_host_does_not_make_it_the_same(lake: Lake) -> None:
    """Containers share a name easily, and not their process ids."""
    with lake.claim("run"):
        pass
    edit_claim(lake, pid_namespace="of another container", released=False, pid=2**22 + 1, renewed_at=time.time())
    with pytest.raises(LakeHeldError):
        lake.claim("run").__enter__()


def test_renewal_keeps_a_claim_beyond_its_lifetime(lake: Lake) -> None:
    with lake.claim("run", lifetime_s=0.4):
        first = latest_claim(lake.storage)
        time.sleep(0.8)
        latest = latest_claim(lake.storage)
        assert first is not None
        assert latest is not None
        assert latest.renewed_at > first.renewed_at
        assert latest.is_live()
        with pytest.raises(LakeHeldError):
            lake.claim("run", lifetime_s=0.4).__enter__()


def test_renewal_outlives_a_store_that_does_not_answer_for_a_while(lake: Lake) -> None:
    with lake.claim("run", lifetime_s=0.4):
        folder = Path(lake.storage.path("claims"))
        folder.rename(folder.with_name("away"))
        folder.write_text("in the way")
        time.sleep(0.3)
        folder.unlink()
        folder.with_name("away").rename(folder)
        renewed_at = latest_claim(lake.storage).renewed_at  # type: ignore[union-attr]
        wait_until(lambda: latest_claim(lake.storage).renewed_at > renewed_at)  # type: ignore[union-attr]


def test_a_lost_claim_is_noticed_by_check_and_by_commit(lake: Lake) -> None:
    with lake.claim("run") as old:
        edit_claim(lake, released=True)  # as if it had expired
        with lake.claim("run") as new:
            with pytest.raises(ClaimLostError):
                old.check()
            with pytest.raises(ClaimLostError):
                lake.commit("files", write_file(lake, "late"), old)
            assert lake.commit("files", write_file(lake, "timely"), new) == 1
    assert lake.table("files").snapshot().read(["uri"])["uri"].to_list() == ["timely"]
    assert latest_claim(lake.storage).epoch == 2  # type: ignore[union-attr]  # the loser left no mark


def test_a_claim_that_two_others_followed_is_lost_too(lake: Lake) -> None:
    """The claims between are removed: the loser must not look for its direct successor only."""
    with lake.claim("run") as old:
        for _ in range(3):
            edit_claim(lake, released=True)
            lake.claim("run").__enter__().__exit__(None, None, None)
        with pytest.raises(ClaimLostError):
            old.check()


def test_a_stopped_process_cannot_commit_late(lake: Lake) -> None:
    writer = start(WRITER, lake, lifetime_s=1.0)
    try:
        os.kill(writer.pid, signal.SIGSTOP)
        with pytest.raises(LakeHeldError):
            lake.claim("run").__enter__()
        edit_claim(lake, renewed_at=time.time() - LIFETIME_S - 1)
        with lake.claim("run"):
            os.kill(writer.pid, signal.SIGCONT)
            said, _ = writer.communicate("\n", timeout=60)
    finally:
        stop(writer)
    refusals = said.splitlines()
    assert len(refusals) == 2
    assert "expired" in refusals[0]
    assert "epoch 2, this run has 1" in refusals[1]
    assert lake.table("files").snapshot().read(["uri"])["uri"].to_list() == ["before"]


def test_a_takeover_fences_every_table(lake: Lake) -> None:
    with lake.claim("run") as claim:
        lake.commit("files", write_file(lake, "a"), claim)
    edit_claim(lake, released=False, pid=2**22 + 1)
    with lake.claim("run"):
        snapshot = lake.table("files").snapshot()
        assert snapshot.fence("navab/files") == 2
        assert snapshot.rows == 1
        with pytest.raises(ClaimLostError):
            lake.table("files").commit(write_file(lake, "b"), epoch=1)


def test_a_table_that_a_lost_run_made_after_the_takeover_is_not_added_to(lake: Lake) -> None:
    """What does not exist cannot be fenced, and what was planned without its rows would double them."""
    with lake.claim("run"):
        pass
    edit_claim(lake, released=False, pid=2**22 + 1)
    with lake.claim("run") as claim:
        Lake(lake.storage.root).table("files").commit(write_file(lake, "late"), epoch=1)
        with pytest.raises(StorageError, match="made by a run that had lost the lake; run the command again"):
            lake.commit("files", write_file(lake, "a"), claim)
    with lake.claim("run") as claim:
        assert lake.commit("files", write_file(lake, "a"), claim) == 1


def test_removed_claims_do_not_lock_a_lake_out(lake: Lake) -> None:
    """Epochs go on from what the tables know: else every commit would seem late."""
    for uri in ("a", "b", "c"):
        with lake.claim("run") as claim:
            lake.commit("files", write_file(lake, uri), claim)
    for path in Path(lake.storage.path("claims")).iterdir():
        path.unlink()
    with lake.claim("run") as claim:
        assert claim.epoch == 4
        assert lake.commit("files", write_file(lake, "d"), claim) == 1


def test_a_damaged_claim_is_named(lake: Lake) -> None:
    with lake.claim("run"):
        pass
    path = lake.storage.path("claims", f"{1:012d}.json")
    lake.storage.write_bytes(path, b"{ half")
    with pytest.raises(StorageError, match=f"{path} cannot be read"):
        lake.claim("run").__enter__()


def test_a_contenders_unfinished_file_is_left_alone(lake: Lake) -> None:
    unfinished = Path(lake.storage.path("claims", f".{1:012d}.json.0123"))
    unfinished.parent.mkdir(parents=True)
    unfinished.touch()
    for _ in range(3):
        with lake.claim("run"):
            pass
    assert unfinished.exists()
    assert [path.name for path in sorted(unfinished.parent.glob("[0-9]*"))] == [f"{n:012d}.json" for n in (2, 3)]
