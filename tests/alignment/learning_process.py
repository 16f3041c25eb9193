"""Learn made-up pairs without Ray, in a process that a test may have killed or start twice as one group.

python -m tests.alignment.learning_process MODEL LAKE BATCH [STEP]     STEP: kill -9 itself after it
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
from pathlib import Path

from navab.alignment.checkpoints import fetch_folder, keep_checkpoint, latest_checkpoint
from navab.alignment.learning import learn
from navab.alignment.training import Point
from navab.lake.storage import Storage
from tests.alignment.training_process import lesson


def main() -> None:
    model, lake, batch, *last = sys.argv[1:]
    storage, curve = Storage(lake), Path(lake) / "curve.json"
    first = os.environ.get("RANK", "0") == "0"
    found = latest_checkpoint(storage, storage.path("checkpoints"))
    losses: dict[str, float] = json.loads(curve.read_text()) if found else {}

    def watch(point: Point) -> None:
        losses[str(point.step)] = point.loss
        if first:
            curve.write_text(json.dumps(losses))
        if last and point.step == int(last[0]):
            os.kill(os.getpid(), signal.SIGKILL)

    def saved(step: int, folder: Path) -> None:
        if first:
            keep_checkpoint(storage, folder, storage.path("checkpoints"), step)

    with tempfile.TemporaryDirectory() as temporary:
        resume = None
        if found is not None:
            resume = Path(temporary) / f"checkpoint-{found[0]}"
            fetch_folder(storage, found[1], resume)
        learn(lesson(model, batch=int(batch)), Path(temporary), resume, saved, watch)


if __name__ == "__main__":
    main()
