"""cluster/: what can be checked without a cloud. KubeRay's own kinds have no schema in any registry that we may use:
of them the pods are checked, and their own fields against those that these files are meant to use."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import promql_parser
import pytest
import ray
import yaml
from ray.autoscaler._private.util import validate_config

from navab.cli import COMMANDS, navab
from navab.execution.metrics import Metrics
from navab.execution.ray_data import CPU_NODE
from tests.lakes import REPOSITORY

CLUSTER = REPOSITORY / "cluster"
KUBERNETES = CLUSTER / "kubernetes"
KUBERNETES_VERSION = "1.32"
DOCKERFILES = sorted((CLUSTER / "docker").glob("*.Dockerfile"))
CLUSTER_FIELDS = {"rayVersion", "enableInTreeAutoscaling", "autoscalerOptions", "headGroupSpec", "workerGroupSpecs"}
GROUP_FIELDS = {"groupName", "replicas", "minReplicas", "maxReplicas", "rayStartParams", "template"}
JOB_FIELDS = {
    "entrypoint", "submissionMode", "backoffLimit", "shutdownAfterJobFinishes", "ttlSecondsAfterFinished",
    "activeDeadlineSeconds", "rayClusterSpec",
}  # fmt: skip


def read(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return document


def ray_clusters() -> list[dict[str, Any]]:
    return [read(KUBERNETES / "rayjob.yaml")["spec"]["rayClusterSpec"], read(KUBERNETES / "raycluster.yaml")["spec"]]


def groups(cluster: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield cluster["headGroupSpec"]
    yield from cluster["workerGroupSpecs"]


def test_the_cloud_cluster_is_valid_for_rays_launcher() -> None:
    cluster = read(CLUSTER / "aws.yaml")
    defaults = read(Path(ray.__file__).parent / "autoscaler" / "aws" / "defaults.yaml")
    validate_config(defaults | cluster)  # as the launcher does, but for asking AWS
    types = cluster["available_node_types"]
    spot = {name for name, one in types.items() if "InstanceMarketOptions" in one["node_config"]}
    assert spot == {"cpu", "gpu"}, "the head is on demand"
    assert types["head"]["resources"]["CPU"] == 0
    assert {name for name, one in types.items() if CPU_NODE in one.get("resources", {})} == {"head", "cpu"}
    assert types["gpu"]["min_workers"] == 0 < types["gpu"]["max_workers"]


@pytest.mark.parametrize("name", ["refresh-schedule.yaml", "service-account.yaml"])
def test_kubernetes_kinds_are_valid(name: str) -> None:
    kubernetes_validate.validate(read(KUBERNETES / name), KUBERNETES_VERSION, strict=True)


def test_pods_of_ray_clusters_are_valid() -> None:
    for cluster in ray_clusters():
        for group in groups(cluster):
            pod = {"apiVersion": "v1", "kind": "Pod", **group["template"]}
            kubernetes_validate.validate(pod, KUBERNETES_VERSION, strict=True)


def test_ray_clusters_use_known_fields_and_keep_units_off_gpus() -> None:
    job = read(KUBERNETES / "rayjob.yaml")
    assert set(job["spec"]) == JOB_FIELDS
    assert job["spec"]["backoffLimit"] > 0, "a lost head is a retry"
    alone, staying = ray_clusters()
    assert alone == staying
    assert set(alone) == CLUSTER_FIELDS
    assert alone["rayVersion"] == ray.__version__
    for group in groups(alone):
        assert set(group) <= GROUP_FIELDS
        assert all(isinstance(value, str) for value in group["rayStartParams"].values())
        limits = group["template"]["spec"]["containers"][0]["resources"]["limits"]
        declared = json.loads(shlex.split(group["rayStartParams"].get("resources", "'{}'"))[0])
        assert (CPU_NODE in declared) != ("nvidia.com/gpu" in limits)
    assert alone["headGroupSpec"]["rayStartParams"]["num-cpus"] == "0"
    assert {group["groupName"]: group["minReplicas"] for group in alone["workerGroupSpecs"]} == {"cpu": 1, "gpu": 0}


def commands() -> list[str]:
    """Commands that start a job, from all files."""
    found = []
    for path in sorted(CLUSTER.rglob("*.yaml")):
        text = re.sub(r"\\?\n#? *", " ", path.read_text("utf-8"))
        found += re.findall(r"python jobs/\w+\.py[^;\n]*?(?=;|\s{2}|$| cluster_name| submissionMode| Groups)", text)
    return found


def test_jobs_in_manifests_exist_and_take_these_options() -> None:
    assert len(commands()) >= 4
    for line in commands():
        job, *words = shlex.split(line)[1:]
        name = (REPOSITORY / job).read_text("utf-8").split("sys.argv[0], ")[1].split('"')[1]
        assert name in COMMANDS
        command = navab.get_command(None, name)  # type: ignore[arg-type]
        assert command is not None
        options = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options, line


@pytest.mark.parametrize("dockerfile", [pytest.param(path, id=path.stem) for path in DOCKERFILES])
def test_dockerfiles_pass_hadolint_and_pin_what_they_install(dockerfile: Path) -> None:
    linter = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([linter, dockerfile], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    text = dockerfile.read_text("utf-8")
    assert re.search(r"^FROM \S+:[\w.-]*\d+\.\d+\.\d+\S*$", text, re.M)
    for copied in re.findall(r"^COPY (?!\. )(.+) \S+$", text, re.M):
        assert all((REPOSITORY / name).exists() for name in copied.split())
    installs = [line for line in text.replace("\\\n", " ").split("&&") if "pip install" in line]
    assert installs
    assert all("--constraint constraints.txt" in line or "--no-deps" in line for line in installs)


def test_the_gpu_image_has_the_heads_versions() -> None:
    """Ray refuses a node whose Python differs in the last number."""
    cpu, gpu = (path.read_text("utf-8") for path in DOCKERFILES)
    (image,) = re.findall(r"^FROM (.+)$", cpu, re.M)
    assert image.startswith("python:3.11.")
    for line in ("FROM", "ENV RAY_grpc"):
        assert re.findall(rf"^{line}.+$", cpu, re.M) == re.findall(rf"^{line}.+$", gpu, re.M) != []


def test_the_dashboard_asks_for_metrics_that_exist() -> None:
    known = {sample.name for family in Metrics().registry.collect() for sample in family.samples}
    known |= {f"{family.name}{end}" for family in Metrics().registry.collect() for end in ("", "_total", "_bucket")}
    dashboard = json.loads((CLUSTER / "grafana" / "navab.json").read_text("utf-8"))
    shown = set()
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            promql_parser.parse(target["expr"])
            shown |= set(re.findall(r"\bnavab_\w+", target["expr"]))
    assert shown <= known
    assert {name.removesuffix("_total").removesuffix("_bucket") for name in shown} == {
        family.name for family in Metrics().registry.collect()
    }, "every metric is on the dashboard"
    places = [tuple(panel["gridPos"].values()) for panel in dashboard["panels"]]
    assert len(set(places)) == len(places)


def test_prometheus_scrapes_the_ports_that_the_pods_open() -> None:
    wanted = {
        rule["regex"]
        for job in read(CLUSTER / "prometheus.yaml")["scrape_configs"]
        for rule in job.get("relabel_configs", [])
        if "port_name" in rule["source_labels"][0]
    }
    for cluster in ray_clusters():
        head = cluster["headGroupSpec"]["template"]["spec"]["containers"][0]["ports"]
        assert wanted <= {port["name"] for port in head}
        for group in cluster["workerGroupSpecs"]:
            assert "metrics" in {port["name"] for port in group["template"]["spec"]["containers"][0]["ports"]}
