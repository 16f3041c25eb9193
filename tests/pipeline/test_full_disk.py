"""A disk that fills up in mid-run: exit code 4 and one line; with more space the same command completes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.disks import mounted, resize
from tests.lakes import differences, navab, sample_configuration, tables

pytestmark = pytest.mark.slow


def test_a_run_fills_the_disk_and_goes_on_later(built: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    configuration = sample_configuration(tmp_path, lake=str(disk / "lake"))
    used = sum(path.stat().st_size for path in built.rglob("*") if path.is_file())
    with mounted(disk, f"size={used // 3}"):
        done = navab("run", "--config", configuration, "--set", "resources.num_cpus=2", check=False)
        assert done.returncode == 4, done.stderr
        errors = [line for line in done.stderr.splitlines() if line.startswith("navab: ")]
        assert len(errors) == 1
        assert "No space left: free some and run the same command again" in errors[0]
        assert str(disk) in errors[0] or "table" in errors[0]
        assert "Traceback" not in done.stderr
        resize(disk, "200m")
        navab("run", "--config", configuration, "--set", "resources.num_cpus=2")
        assert differences(tables(built), tables(disk / "lake")) == []
