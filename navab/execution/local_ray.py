"""A local Ray with fewer helper processes: without what serves clusters and dashboards, it starts in half the time.

Ray has no option for this. Where its own class changes, all helpers start again and nothing else is different.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ray._private.node import Node

OBJECT_STORE_BYTES = 256 * 1024 * 1024


def start_local_ray(num_cpus: int) -> None:
    """Start Ray on this machine for this process alone; raises Ray's bare Exception if it does not come up in time."""
    import ray  # noqa: PLC0415  (a second or two)

    _leave_helpers_out()
    ray.init(
        address="local",  # without an address Ray joins any cluster of this machine
        num_cpus=num_cpus,
        include_dashboard=False,
        object_store_memory=OBJECT_STORE_BYTES,
        logging_level=logging.WARNING,
        log_to_driver=False,
    )


def _leave_helpers_out() -> None:
    """No autoscaler's monitor, no server of the dashboard, no reader of workers' logs, which Ray keeps in files."""
    from ray._private.node import Node  # noqa: PLC0415

    def start_nothing(node: Node) -> None:
        pass

    def start_no_server(node: Node, *, include_dashboard: bool | None, raise_on_failure: bool) -> None:
        node._webui_url = ""

    for name, instead in {
        "start_monitor": start_nothing,
        "start_log_monitor": start_nothing,
        "start_api_server": start_no_server,
    }.items():
        if hasattr(Node, name):
            setattr(Node, name, instead)
