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

LOADED = """
import sys
from navab.execution.local_ray import start_local_ray

start_local_ray(1)

import ray

loaded = ray.get(ray.remote(lambda: set(sys.modules)).remote())
print({"ray.data", "navab.execution.units"} <= loaded)
"""
ASKED = """
import ray
from ray._private import services
from ray._private.state import GlobalState
from navab.execution.local_ray import start_local_ray

original = services.get_node

def ask(address, node_id):
    state = GlobalState()
    state._initialize_global_state(services._get_gcs_client_options(address))
    print([node["NodeID"] for node in state.node_table()] == [node_id])
    return original(address, node_id)

services.get_node = ask
start_local_ray(1)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "program",
    [
        pytest.param(LOADED, id="a worker has loaded what units need before its first task"),
        pytest.param(ASKED, id="Ray asks for its node, once a second, when that has registered"),
    ],
)
def test_a_local_ray_loses_no_time_at_its_start(program: str) -> None:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["True"]


@pytest.mark.slow
def test_a_local_ray_runs_tasks_and_datasets_without_its_helpers() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "raylet" in done.stdout
    for helper in ("monitor.py", "log_monitor.py", "dashboard/dashboard.py"):
        assert helper not in done.stdout
    assert "dashboard/agent.py" not in done.stdout or "--minimal" in done.stdout
    assert "actors: []" in done.stdout
