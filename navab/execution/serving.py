"""Serving the driver: units go through Ray Data, and an engine that they ask runs beside it."""

from __future__ import annotations

import logging
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from navab.execution.local_ray import leave_actors_out
from navab.execution.messages import Carry, Ready, Stop, Surroundings
from navab.execution.ray_data import carry, lacks_gpus
from navab.execution.reach import check_reach

if TYPE_CHECKING:
    from navab.execution.engine_pool import EnginePool

_HANDED_ON = 1000  # tables of a task that wait to be taken
_LIMITS_INTERVAL_S = 0.1


def serve(connection: Connection, *, local: bool) -> None:
    """Run what the driver asks for, until it says stop; raises ConfigurationError if Ray cannot share the lake."""
    import ray  # noqa: PLC0415  (a second or two)

    surroundings: Surroundings = connection.recv()
    check_reach(surroundings.storage, surroundings.resources, ray.nodes())
    _configure_ray_data()
    if local:
        leave_actors_out()
    connection.send(Ready())
    pool: EnginePool | None = None
    try:
        while not isinstance(request := connection.recv(), Stop):
            if isinstance(request, Carry):
                pool = _with_engine(request, pool)
                for written in carry(request, surroundings, connection):
                    connection.send_bytes(written)
                connection.send(Ready())
    finally:
        if pool is not None:
            pool.stop()


def _with_engine(request: Carry, pool: EnginePool | None) -> EnginePool | None:
    """Start the engine that a request asks, if any, or end the one that holds GPUs which its workers need."""
    if pool is not None and lacks_gpus(request):
        pool.end()  # it starts again when it is asked again
    if request.engine is not None:
        from navab.execution.engine_pool import EnginePool  # noqa: PLC0415  (half a second to load)

        pool = pool or EnginePool(request.engine, request.used)
        pool.start()
    return pool


def _configure_ray_data() -> None:
    """Ray Data as units need it: what they hand on are a few names of files, and all CPUs have work at once."""
    import ray.data  # noqa: PLC0415  (as in serve)
    from ray.data._internal.execution.resource_manager import ResourceManager  # noqa: PLC0415

    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    # A worker's every table is handed on at once: the driver commits files while the unit is still running. It does
    # not wait until they are taken, which is up to half a second each time.
    context.target_max_block_size = 1
    context._max_num_blocks_in_streaming_gen_buffer = _HANDED_ON
    # Of how many CPUs there are Ray Data asks once a second; until then a step has one.
    ResourceManager.GLOBAL_LIMITS_UPDATE_INTERVAL_S = _LIMITS_INTERVAL_S
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)
