"""Reads the Arrow shards of the release that this file lies in, wherever the release has been copied to."""

from pathlib import Path
from typing import Any

import datasets

RELEASE = Path(__file__).resolve().parent.parent


def load(nation: str, subset: str = "default", **_: Any) -> Any:
    """Load the splits of one nation; lm-evaluation-harness passes its metadata along, which is ignored."""
    shards: dict[str, list[str]] = {}
    for path in sorted((RELEASE / "data" / subset / nation).glob("*/*/part-*.arrow")):
        shards.setdefault(path.parent.name, []).append(str(path))
    return datasets.load_dataset("arrow", data_files=shards).map(_options)


def _options(triple: dict[str, Any]) -> dict[str, Any]:
    """Place the statement first or second by its id, so that no position is favoured when scores tie."""
    answer = triple["triple_id"] % 2
    pair = [triple["statement"], triple["reversed_statement"]]
    return {"options": pair[::-1] if answer else pair, "answer": answer}
