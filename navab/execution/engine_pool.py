"""The engines of a run on Ray: actors that start before the first unit that needs them and end with the run.

They belong to the process that runs Ray, so that no GPU stays taken when it is gone, however it ended. A thread looks
after them: more replicas while requests queue, fewer when they are idle, none that answers when the budget is spent,
and it keeps what was used, which an engine that dies forgets.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from functools import partial
from typing import Any

from navab.errors import EngineError
from navab.models.budget import NOTHING_USED, Usage
from navab.models.engines import engine_name, make_engine
from navab.models.hosted import HOST_PREFIX, EngineHost, plain_error
from navab.options.engine import EngineSection

WATCH_INTERVAL_S = 2.0
IDLE_S = 60.0
AWAY_S = 600.0  # a replica that is not up for so long is ended: perhaps there is no GPU for it
QUEUE_PER_REPLICA = 256  # requests that wait for an engine: from here on one more is worth its start
_CALLS_AT_ONCE = 1000


class EnginePool:
    """Starts and looks after the engines of a run; `used` is what engines of a Ray that was lost have used."""

    def __init__(self, options: EngineSection, used: Usage = NOTHING_USED) -> None:
        self._options = options
        self._hosts: dict[str, Any] = {}
        self._groups: dict[str, Any] = {}  # placement groups of engines with several workers
        self._away_since: dict[str, float] = {}
        self._idle_since = self._counted = time.monotonic()
        self._gpu_hours = 0.0
        self._used = used
        self._watch: threading.Thread | None = None
        self._stopped = threading.Event()

    def start(self) -> None:
        """Start the first engines and wait for them, unless they run; raises EngineError if one cannot be started."""
        import ray  # noqa: PLC0415

        if self._hosts:
            return
        started = self._idle_since = self._counted = time.monotonic()
        first = self._options.vllm.replicas if self._options.kind == "vllm" else 1
        for _ in range(first):
            self._add()
        try:
            ray.get([host.start.remote() for host in self._hosts.values()])
        except ray.exceptions.RayTaskError as error:
            raise plain_error(error) from None
        except ray.exceptions.RayActorError as error:
            raise EngineError(f"engine {engine_name(self._options)} ended while it was starting: {error}") from error
        self._count(time.monotonic())
        print(f"engine {engine_name(self._options)}: {time.monotonic() - started:.1f} s to start", file=sys.stderr)
        self._stopped.clear()
        self._watch = threading.Thread(target=self._look_after, name="engine-pool", daemon=True)
        self._watch.start()

    def stop(self) -> None:
        """Look after the engines no longer; they end with this process."""
        self._stopped.set()

    def end(self) -> None:
        """End the engines and give back what they held; what they have used counts on if they are started again."""
        self.stop()
        if self._watch is not None:
            self._watch.join()
        self._count(time.monotonic())
        for name in list(self._hosts):
            self._remove(name)

    def _add(self) -> None:
        """Start one more engine; Ray starts it again whenever it dies."""
        import ray  # noqa: PLC0415

        number = next(n for n in range(len(self._hosts) + 1) if f"{HOST_PREFIX}{n}" not in self._hosts)
        name = f"{HOST_PREFIX}{number}"
        actor = ray.remote(EngineHost).options(
            name=name,
            num_cpus=0,  # units may hold all CPUs and wait for it
            max_restarts=-1,
            max_task_retries=0,  # who asked asks again, and counts
            max_concurrency=_CALLS_AT_ONCE,
            **self._place(name),
        )
        self._hosts[name] = actor.remote(partial(make_engine, self._options))

    def _place(self, name: str) -> dict[str, Any]:
        """Where an engine runs: beside its GPU, or in a group of places for several."""
        vllm = self._options.vllm
        if self._options.kind != "vllm" or vllm.gpus == 0:
            return {}
        workers = vllm.tensor_parallel * vllm.pipeline_parallel
        if workers == 1:
            kind = {"accelerator_type": vllm.gpu_type} if vllm.gpu_type else {}
            return {"num_gpus": vllm.gpus, **kind}
        from ray.util.placement_group import placement_group  # noqa: PLC0415
        from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy  # noqa: PLC0415

        place = {"GPU": vllm.gpus, "CPU": 0.1} | ({f"accelerator_type:{vllm.gpu_type}": 0.001} if vllm.gpu_type else {})
        group = self._groups[name] = placement_group([place] * workers, strategy="PACK")
        strategy = PlacementGroupSchedulingStrategy(group, placement_group_capture_child_tasks=True)
        return {"scheduling_strategy": strategy}

    def _remove(self, name: str) -> None:
        """End an engine; what it was asked meanwhile is asked of another one."""
        import ray  # noqa: PLC0415
        from ray.util.placement_group import remove_placement_group  # noqa: PLC0415

        ray.kill(self._hosts.pop(name))
        self._away_since.pop(name, None)
        if name in self._groups:
            remove_placement_group(self._groups.pop(name))

    def _look_after(self) -> None:
        while not self._stopped.wait(WATCH_INTERVAL_S):
            self._look_at(time.monotonic())

    def _look_at(self, now: float) -> None:
        """Count what was used by a time; stop the engines if that was all, else see whether they are enough."""
        self._count(now)
        limit = self._options.vllm.budget_gpu_hours
        if limit is not None and self._gpu_hours >= limit:
            self._answers("stop_answering")  # each time: one that was started again does not know
        else:
            self._resize(now)

    def _count(self, now: float) -> None:
        """Count what the engines have used; those that were started again are told what was used before."""
        self._gpu_hours += (now - self._counted) / 3600 * len(self._hosts) * self._options.vllm.gpus_of_engine
        self._counted = now
        if self._options.kind == "http":
            for used in self._answers("has_used", self._used).values():
                self._used = used

    def _resize(self, now: float) -> None:
        """Start one more engine if requests queue; end one that is idle, or away for too long."""
        least, most = self._options.vllm.replicas, self._options.vllm.max_replicas or self._options.vllm.replicas
        if self._options.kind != "vllm" or least == most:
            return
        waiting = self._answers("waiting")
        for name in self._hosts:
            if name in waiting:
                self._away_since.pop(name, None)
            else:
                self._away_since.setdefault(name, now)
        if sum(waiting.values()):
            self._idle_since = now
        lost = [name for name, since in self._away_since.items() if now - since > AWAY_S]
        idle = not self._away_since and now - self._idle_since > IDLE_S  # who is starting cannot say
        if len(self._hosts) > least and (lost or idle):
            self._remove(lost[0] if lost else next(reversed(self._hosts)))
        elif sum(waiting.values()) > QUEUE_PER_REPLICA * len(self._hosts) and len(self._hosts) < most:
            self._add()

    def _answers(self, method: str, *arguments: object) -> dict[str, Any]:
        """What a method of each host returns, by its name; without those that are starting."""
        import ray  # noqa: PLC0415

        asked = {getattr(host, method).remote(*arguments): name for name, host in self._hosts.items()}
        ready, _ = ray.wait(list(asked), num_returns=len(asked), timeout=WATCH_INTERVAL_S) if asked else ([], [])
        found = {}
        for promise in ready:
            with contextlib.suppress(ray.exceptions.RayActorError):
                found[asked[promise]] = ray.get(promise)
        return found
