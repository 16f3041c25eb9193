"""Placement on a cluster of one head, two CPU nodes and a node with a (pretended) GPU."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest
import ray
from ray.cluster_utils import Cluster

from navab.errors import ConfigurationError
from navab.execution.carrier import Carrier
from navab.execution.engine_pool import EnginePool
from navab.execution.ray_data import CPU_NODE
from navab.lake.storage import Storage
from navab.options.engine import EngineSection
from navab.options.resources import ResourcesSection
from navab.stages.base import Output, Unit
from tests.models.chat_server import ChatServer, completion

pytestmark = pytest.mark.slow

UNITS = [Unit(f"unit-{number}", "uk", pl.DataFrame({"article_id": [number]})) for number in range(12)]


@dataclass(frozen=True)
class SayWhere:
    """Work that leaves a file named after its node and its unit, with the process and the GPUs that it was given."""

    seconds: float = 0.0

    def __call__(self, unit: Unit, storage: Storage) -> Iterator[Output]:
        time.sleep(self.seconds)
        context = ray.get_runtime_context()
        given = f"{os.getpid()} {context.get_assigned_resources().get('GPU', 0)}"
        storage.write_bytes(storage.path("where", context.get_node_id(), unit.name), given.encode())
        yield from ()


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "resources": {CPU_NODE: 1}})
    yield made
    made.shutdown()


def nodes_used(folder: Path) -> dict[str, int]:
    """Units that each node has run."""
    return {node.name: len(list(node.iterdir())) for node in (folder / "where").iterdir()}


def carry(cluster: Cluster, folder: Path, work: SayWhere, gpus: float = 0.0) -> Iterator[str]:
    resources = ResourcesSection(address=cluster.address, shared_filesystem=True)
    with Carrier(Storage(str(folder)), resources, 1) as carrier:
        for written in carrier.carry(UNITS, work, gpus=gpus):
            yield written.unit


def test_a_lake_in_a_folder_of_one_node_is_one_line(cluster: Cluster, tmp_path: Path) -> None:
    cluster.add_node(num_cpus=1)
    cluster.wait_for_nodes()
    refused = pytest.raises(ConfigurationError, match=r"has 2 nodes: use an s3:// lake, or --set resources.shared_file")
    with Carrier(Storage(str(tmp_path)), ResourcesSection(address=cluster.address), 1) as carrier, refused:
        carrier.wait()


def test_units_stay_off_gpu_machines_and_outlive_their_nodes(cluster: Cluster, tmp_path: Path) -> None:
    cpu = [cluster.add_node(num_cpus=1, resources={CPU_NODE: 1}) for _ in range(2)]
    gpu = cluster.add_node(num_cpus=4, num_gpus=1)
    done = []
    for unit in carry(cluster, tmp_path, SayWhere(seconds=0.5)):
        done.append(unit)
        if len(done) == 2:
            cluster.remove_node(cpu[1], allow_graceful=False)  # a spot machine is taken away
    assert sorted(done) == sorted(unit.name for unit in UNITS)
    used = nodes_used(tmp_path)
    assert gpu.node_id not in used
    assert used[cpu[0].node_id] >= 6


def test_units_that_embed_share_a_gpu_in_processes_that_live_on(cluster: Cluster, tmp_path: Path) -> None:
    cluster.add_node(num_cpus=2, resources={CPU_NODE: 1})
    gpu = cluster.add_node(num_cpus=4, num_gpus=1)
    assert sorted(carry(cluster, tmp_path, SayWhere(seconds=0.2), gpus=0.5)) == sorted(unit.name for unit in UNITS)
    assert nodes_used(tmp_path) == {gpu.node_id: len(UNITS)}
    given = [path.read_text().split() for path in (tmp_path / "where" / gpu.node_id).iterdir()]
    assert {share for _, share in given} == {"0.5"}
    assert len({process for process, _ in given}) <= 2


def test_engines_that_end_give_back_what_they_held(cluster: Cluster) -> None:
    with ChatServer(lambda *_: completion({})) as server:
        ray.init(address=cluster.address, logging_level="ERROR", log_to_driver=False)
        pool = EnginePool(EngineSection(kind="http", model="small", http={"base_url": server.base_url}))
        try:
            pool.start()
            assert ray.util.list_named_actors()
            pool.end()
            assert not ray.util.list_named_actors()
        finally:
            ray.shutdown()


def test_a_cluster_that_declares_nothing_is_used_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "num_gpus": 1})
    try:
        assert len(list(carry(made, tmp_path, SayWhere()))) == len(UNITS)
        assert set(nodes_used(tmp_path)) == {made.head_node.node_id}
    finally:
        made.shutdown()
