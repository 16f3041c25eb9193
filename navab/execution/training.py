"""Training on Ray Train: workers that learn together, their checkpoints and curve kept in the lake's storage.

Checkpoints go through the lake's own `Storage` and not through Ray's: credentials are found where they are used, and a
training that was killed goes on from the latest checkpoint whichever cluster runs it next. Ray Train starts the
workers, joins them to one process group, and starts them again when one is lost.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from navab.alignment.checkpoints import fetch_folder, keep_checkpoint, keep_folder, latest_checkpoint
from navab.alignment.learning import ADAPTER, Lesson, learn
from navab.alignment.training import FOLDER, Point
from navab.errors import ConfigurationError, EngineError, NavabError, RayLostError
from navab.execution.local_ray import OBJECT_STORE_BYTES
from navab.execution.messages import address_of
from navab.execution.progress import Progress
from navab.execution.reach import check_reach
from navab.lake.storage import Storage
from navab.options.alignment import AlignmentSection
from navab.options.resources import ResourcesSection

_STARTS = 3  # of Ray: on a busy machine its processes may not find each other in time
_SPARE_CPUS = 2  # of a local Ray, for what Ray Train itself starts: it waits for ever if workers hold all


@dataclass(frozen=True, slots=True)
class Place:
    """Where the files of a training lie."""

    storage: Storage
    training_id: str

    def path(self, *parts: str) -> str:
        return self.storage.path(FOLDER, self.training_id, *parts)

    @property
    def checkpoints(self) -> str:
        return self.path("checkpoints")


@dataclass(frozen=True, slots=True)
class _Start:
    """What every worker is told."""

    lesson: Lesson
    place: Place
    label: str


def train_on_ray(lesson: Lesson, place: Place, label: str, resources: ResourcesSection) -> None:
    """Train with Ray Train's workers; the adapter is then at `place`. Raises EngineError if training fails.

    What was trained before, up to the latest checkpoint, is not trained again.
    """
    import ray  # noqa: PLC0415  (takes a second)
    from ray.train import FailureConfig, RunConfig, ScalingConfig, TrainingFailedError  # noqa: PLC0415
    from ray.train.torch import TorchConfig, TorchTrainer  # noqa: PLC0415

    options = lesson.options
    _connect(ray, options, resources)
    try:
        check_reach(place.storage, resources, ray.nodes())
        with tempfile.TemporaryDirectory(prefix="navab-ray-train-") as notes:  # Ray's own; nothing there is needed
            TorchTrainer(
                _work,
                train_loop_config={"start": _Start(lesson, place, label)},
                torch_config=TorchConfig(backend="nccl" if options.use_gpu else "gloo"),
                scaling_config=ScalingConfig(
                    num_workers=options.workers,
                    use_gpu=options.use_gpu,
                    resources_per_worker={"CPU": options.cpus_per_worker, **({"GPU": 1} if options.use_gpu else {})},
                ),
                run_config=RunConfig(
                    name=place.training_id,
                    storage_path=notes,
                    failure_config=FailureConfig(max_failures=options.failures),
                ),
            ).fit()
    except TrainingFailedError as error:
        raise _cause(error, label) from error
    finally:
        ray.shutdown()


def read_curve(place: Place) -> tuple[Point, ...]:
    """The points that are kept of a training, by step; those after its latest checkpoint may be missing."""
    try:
        content = place.storage.read_bytes(place.path("curve.json"))
    except FileNotFoundError:
        return ()
    return tuple(Point.model_validate(point) for point in json.loads(content))


def _connect(ray: Any, options: AlignmentSection, resources: ResourcesSection) -> None:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_TRAIN_ENABLE_PRINT_PATCH", "0")  # it shows every line twice
    address = address_of(resources)
    needed = options.workers * options.cpus_per_worker + _SPARE_CPUS
    own = {} if address else {"num_cpus": needed, "include_dashboard": False, "object_store_memory": OBJECT_STORE_BYTES}
    # Workers print their progress; Ray Train's own actors would warn every few seconds that there is no dashboard.
    quiet = ray.LoggingConfig(log_level="ERROR")
    for attempt in range(1, _STARTS + 1):
        try:
            ray.init(address=address or "local", logging_level=logging.WARNING, logging_config=quiet, **own)
            break
        except Exception as error:  # Ray raises a bare Exception when its processes do not come up in time
            ray.shutdown()
            if attempt == _STARTS:
                raise RayLostError(f"Ray did not start: {' '.join(str(error).split())[:200]}") from error
    check_resources(ray.cluster_resources(), options, may_grow=address is not None)


def check_resources(there: Mapping[str, float], options: AlignmentSection, *, may_grow: bool) -> None:
    """Say what workers will wait for; raises ConfigurationError where it can never come."""
    needed = {"CPU": options.workers * options.cpus_per_worker, "GPU": options.workers if options.use_gpu else 0}
    short = [
        f"{count} {kind}s of {there.get(kind, 0):g}" for kind, count in needed.items() if count > there.get(kind, 0)
    ]
    if not short:
        return
    said = f"alignment needs {' and '.join(short)}"
    if not may_grow:
        raise ConfigurationError(f"{said}: set alignment.workers and alignment.use_gpu to what this machine has")
    print(f"navab: {said}: waiting for the cluster to grow", file=sys.stderr, flush=True)


def _work(config: dict[str, Any]) -> None:
    """What each worker does."""
    import ray.train  # noqa: PLC0415

    start: _Start = config["start"]
    context = ray.train.get_context()
    first = context.get_world_rank() == 0
    place, lesson = start.place, start.lesson
    found = latest_checkpoint(place.storage, place.checkpoints)
    points = {point.step: point for point in read_curve(place) if found is not None and point.step <= found[0]}
    progress = Progress(start.label, lesson.options.steps, "steps") if first else None
    if progress is not None and found is not None:
        progress.done = found[0]

    with tempfile.TemporaryDirectory(prefix="navab-align-") as temporary:
        folder, resume = Path(temporary), None
        if found is not None:
            resume = folder / f"checkpoint-{found[0]}"
            fetch_folder(place.storage, found[1], resume)

        def watch(point: Point) -> None:
            points[point.step] = point
            if progress is not None:
                progress.note = f"loss {point.loss:.3f}"
                progress.advance(point.step - progress.done)
            ray.train.report({"step": point.step, "loss": point.loss})

        def saved(step: int, checkpoint: Path) -> None:
            if first:
                _keep_curve(place, points)
                keep_checkpoint(place.storage, checkpoint, place.checkpoints, step)

        learn(lesson, folder, resume, saved, watch)
        if first:
            _keep_curve(place, points)
            keep_folder(place.storage, folder / ADAPTER, place.path(ADAPTER))
    if progress is not None:
        progress.finish()


def _keep_curve(place: Place, points: dict[int, Point]) -> None:
    content = json.dumps([points[step].model_dump() for step in sorted(points)])
    place.storage.write_bytes(place.path("curve.json"), content.encode())


def _cause(error: Exception, label: str) -> NavabError:
    """The first worker's error, if it is one that a user can mend; else one line of it."""
    failures = getattr(error, "worker_failures", None) or {0: error}
    first = next(iter(failures.values()))
    cause = getattr(first, "cause", first)
    if isinstance(cause, NavabError):
        return cause
    return EngineError(f"training {label} failed: {type(cause).__name__}: {' '.join(str(cause).split())[:300]}")
