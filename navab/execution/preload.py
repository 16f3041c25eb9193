"""What workers of a local Ray load before their first task comes (local_ray.py): what every unit needs."""

from __future__ import annotations

from importlib import import_module

from navab.execution.loading import collector_at_rest

with collector_at_rest():
    for name in ("ray.data", "scipy.sparse", "navab.execution.units"):
        import_module(name)
