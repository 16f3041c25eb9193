"""What the driver and the process that runs Ray say to each other through their pipe."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from navab.lake.storage import Storage
from navab.models.budget import NOTHING_USED, Usage
from navab.options.engine import EngineSection
from navab.options.resources import ResourcesSection
from navab.stages.base import Unit, Work


@dataclass(frozen=True, slots=True)
class Start:
    """The driver's first message."""

    storage: Storage
    resources: ResourcesSection
    epoch: int  # of the claim


@dataclass(frozen=True, slots=True)
class Carry:
    """The driver asks for units to be run."""

    units: Sequence[Unit]
    work: Work
    engine: EngineSection | None = None  # a model that the work asks
    gpus: float = 0.0  # of each worker
    used: Usage = NOTHING_USED  # of the run's budget, by what came back


@dataclass(frozen=True, slots=True)
class Aside:
    """The driver asks for a unit to be run beside those of a `Carry`; left out if that is done before its turn."""

    unit: Unit
    work: Work


@dataclass(frozen=True, slots=True)
class Stop:
    """The driver is done."""


@dataclass(frozen=True, slots=True)
class Ready:
    """Ray runs, or all units of a `Carry` are done."""


@dataclass(frozen=True, slots=True)
class Failed:
    """What went wrong; its notes hold the traceback."""

    error: Exception


def address_of(resources: ResourcesSection) -> str | None:
    """The address of the Ray cluster to join; null for a local Ray of this run's own."""
    return resources.address or os.environ.get("RAY_ADDRESS")
