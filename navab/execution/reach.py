"""Whether all nodes of a Ray cluster reach the lake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from navab.errors import ConfigurationError
from navab.lake.storage import Storage
from navab.options.resources import ResourcesSection


def check_reach(storage: Storage, resources: ResourcesSection, nodes: Sequence[Mapping[str, Any]]) -> None:
    """Raise ConfigurationError if a local lake is to be shared by several nodes; `nodes` as `ray.nodes` gives them."""
    alive = sum(bool(node["Alive"]) for node in nodes)
    if alive > 1 and storage.is_local and not resources.shared_filesystem:
        raise ConfigurationError(
            f"lake {storage.root} is a local folder, but the Ray cluster has {alive} nodes: use an s3:// lake, or "
            "--set resources.shared_filesystem=true if all nodes see that folder"
        )
