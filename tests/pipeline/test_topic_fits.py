"""Topic models are fitted one at a time: a crash may cost one fit, and never a finished one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from navab import pipeline
from navab.execution.carrier import Carrier
from navab.execution.metrics import Metrics
from navab.lake.schema import load_schema
from navab.lake.storage import Storage
from navab.lake.table import LakeTable
from navab.stages import topics
from navab.stages.base import Output, Unit
from tests.inprocess import open_small

NATIONS = ("cn", "de", "uk")


@dataclass(frozen=True)
class Note:
    """Fits nothing, and notes how many models were committed when it began."""

    def __call__(self, unit: Unit, storage: Storage) -> Iterator[Output]:
        row: dict[str, object] = {
            "topic_id": 1,
            "nation": unit.nation,
            "fingerprint": 2,
            "label": "",
            "keywords": [],
            "size": 0,
        }
        row |= {"sensitive": True, "sensitivity": 1.0, "decided_by": "embedding", "centroid": [1.0]}
        begun = len(storage.list_folders(storage.path("begun")))
        committed = LakeTable(storage, "topics").snapshot().version + 1
        storage.write_bytes(storage.path("begun", f"{begun}-{unit.nation}", str(committed)), b"")
        yield Output("topics", load_schema("topics").table([row | {"min_similarity": 0.5, "members": [1]}]))


def test_a_fit_begins_when_the_one_before_it_is_committed(tmp_path: Path) -> None:
    view = open_small(tmp_path, resources={"num_cpus": 2, "commit_interval_s": 3600})
    fit = next(step for step in topics.STAGE.steps if step.name == "topics")
    step = replace(fit, work=lambda view: Note())
    keys = {nation: pl.DataFrame({"nation": [nation], "fingerprint": [2]}) for nation in NATIONS}
    units = [Unit(f"topics-{nation}", nation, pending) for nation, pending in keys.items()]
    storage = view.lake.storage
    with view.lake.claim("test") as claim, Carrier(storage, view.configuration.resources, claim.epoch) as carrier:
        pipeline._carry_step(pipeline._Run(view, claim, carrier, Metrics(), pipeline.STAGES), step, units)
    begun = [path.rsplit("/", 1)[1] for path in storage.find_files(storage.path("begun"))]
    assert begun == ["0", "1", "2"]
    assert view.snapshot("topics").files["nation"].to_list() == list(NATIONS)
