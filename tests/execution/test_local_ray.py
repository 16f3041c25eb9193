"""A local Ray works without the helpers that only clusters and dashboards need, and they do not start."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import psutil
from navab.execution.local_ray import leave_actors_out, start_local_ray

start_local_ray(1)
leave_actors_out()

import ray

assert ray.get(ray.remote(lambda: 42).remote()) == 42
assert ray.data.range(3, override_num_blocks=3).map(lambda row: row).count() == 3
for process in psutil.Process().children(recursive=True):
    print(*process.cmdline())
print("actors:", ray.util.list_named_actors(all_namespaces=True))
"""


@pytest.mark.slow
def test_a_local_ray_runs_tasks_and_datasets_without_its_helpers() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "raylet" in done.stdout
    for helper in ("monitor.py", "log_monitor.py", "dashboard/dashboard.py"):
        assert helper not in done.stdout
    assert "dashboard/agent.py" not in done.stdout or "--minimal" in done.stdout
    assert "actors: []" in done.stdout
