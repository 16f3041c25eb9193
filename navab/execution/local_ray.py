"""A local Ray with fewer helper processes: without what serves clusters and dashboards, it starts in half the time.

Ray has no option for most of this. Where a class or a function that is replaced here is gone, all is as in any Ray.
"""

from __future__ import annotations

import logging
import os
import time

OBJECT_STORE_BYTES = 256 * 1024 * 1024
# Ray's own options. Workers start with the raylet, and load what units need while the rest of Ray comes up.
# The raylet tries soon again to reach its own object store, which it may be too early for.
_OPTIONS = {
    "RAY_enable_worker_prestart": "1",
    "RAY_preload_python_modules": "navab.execution.preload",
    "RAY_raylet_client_connect_timeout_milliseconds": "20",
    "RAY_raylet_client_num_connect_attempts": "1000",
}
_LOOK_S, _LOOKS = 0.02, 1000


def start_local_ray(num_cpus: int) -> None:
    """Start Ray on this machine for this process alone; raises Ray's bare Exception if it does not come up in time."""
    import ray  # noqa: PLC0415  (a second or two)

    for name, value in _OPTIONS.items():
        os.environ.setdefault(name, value)
    _leave_helpers_out()
    _look_often()
    ray.init(
        address="local",  # without an address Ray joins any cluster of this machine
        num_cpus=num_cpus,
        include_dashboard=False,
        object_store_memory=OBJECT_STORE_BYTES,
        logging_level=logging.WARNING,
        log_to_driver=False,
    )


def leave_actors_out() -> None:
    """Have Ray Data start neither the actor that counts for dashboards nor the one that divides a cluster.

    Each would be a process of its own, started with the first dataset. Ray must run, and has all of this machine.
    """
    import ray  # noqa: PLC0415  (as above)
    from ray.data._internal import cluster_autoscaler, stats  # noqa: PLC0415

    whole = {"this machine": ray.cluster_resources()}
    if not whole["this machine"].get("CPU"):
        return  # it has not said yet what it has

    def do_nothing(*_: object, **__: object) -> None:
        pass

    def have_all(_: object) -> dict[str, dict[str, float]]:
        return whole

    manager = "update_execution_metrics", "update_iteration_metrics", "register_dataset_to_stats_actor"
    _replace(getattr(stats, "_StatsManager", None), dict.fromkeys(manager, staticmethod(do_nothing)))
    _replace(
        getattr(cluster_autoscaler, "DefaultAutoscalingCoordinator", None),
        {"request_resources": do_nothing, "cancel_request": do_nothing, "get_reserved_resources": have_all},
    )


def _leave_helpers_out() -> None:
    """No autoscaler's monitor, no server of the dashboard, no reader of workers' logs, which Ray keeps in files.

    And of the dashboard's agent, for which the raylet waits, only what it is where Ray is installed without it.
    """
    from ray._private import node as nodes  # noqa: PLC0415
    from ray._private import utils  # noqa: PLC0415

    def start_nothing(_: object) -> None:
        pass

    def start_no_server(node: nodes.Node, **_: object) -> None:
        node._webui_url = ""

    _replace(utils, {"get_dashboard_dependency_error": lambda: ImportError("left out")})
    _replace(
        getattr(nodes, "Node", None),
        {"start_monitor": start_nothing, "start_log_monitor": start_nothing, "start_api_server": start_no_server},
    )


def _look_often() -> None:
    """Have Ray see its node as soon as that has registered: it looks once a second."""
    from ray._private import services  # noqa: PLC0415
    from ray._private.state import GlobalState  # noqa: PLC0415

    get_node = getattr(services, "get_node", None)
    if get_node is None:
        return

    def get_node_soon(gcs_address: str, node_id: str) -> object:
        state = GlobalState()
        state._initialize_global_state(services._get_gcs_client_options(gcs_address))
        for _ in range(_LOOKS):
            if any(node["NodeID"] == node_id for node in state.node_table()):
                break
            time.sleep(_LOOK_S)
        return get_node(gcs_address, node_id)

    _replace(services, {"get_node": get_node_soon})


def _replace(owner: object, functions: dict[str, object]) -> None:
    """Replace functions of a class or module, all or none."""
    if all(hasattr(owner, name) for name in functions):
        for name, function in functions.items():
            setattr(owner, name, function)
