"""What the driver and the process that runs Ray say to each other through their pipe.

What messages carry is imported where it is used: the process that runs Ray loads Ray first.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from navab.lake.storage import Storage
    from navab.models.budget import Usage
    from navab.options.engine import EngineSection
    from navab.options.resources import ResourcesSection
    from navab.stages.base import Unit, Work


@dataclass(frozen=True, slots=True)
class Start:
    """The driver's first message: which cluster to join, or how many CPUs a local Ray has."""

    address: str | None
    num_cpus: int


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Its second message: what every unit has to do with."""

    storage: Storage
    resources: ResourcesSection
    epoch: int  # of the claim


@dataclass(frozen=True, slots=True)
class Carry:
    """The driver asks for units to be run, each pickled: they may hold millions of keys, and go on as they are."""

    units: Sequence[bytes]
    work: Work
    engine: EngineSection | None  # a model that the work asks
    gpus: float  # of each worker
    used: Usage  # of the run's budget, by what came back


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
    return resources.address or os.environ.get("RAY_ADDRESS") or None
