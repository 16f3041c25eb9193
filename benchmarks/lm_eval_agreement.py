"""lm-evaluation-harness and `navab evaluate` on the same release, model and protocol: do they agree on every triple?

.venv-models/bin/python -m benchmarks.lm_eval_agreement MODEL RELEASE [--limit 20]     needs `make models`

The release is moved and its tasks are run as its card says, by the command `lm_eval`, from another folder and without
a network; `--limit` bounds the triples of a nation. The same triples are then asked by method `likelihood`. What is
compared is `acc_norm` of the harness with our pick, and both log-probabilities, triple by triple.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.support.measure import line
from navab.evaluation.methods import Likelihood, Outcome
from navab.evaluation.scorers.transformers import TransformersScorer
from navab.evaluation.triples import triples_of
from navab.release.load import load_release

MOST_APART = 1e-2  # of a sum of log-probabilities; both compute in float32, in other batches


@dataclass(frozen=True)
class Theirs:
    """What the harness says of a triple."""

    correct: bool
    statement: float  # sums of log-probabilities
    reversal: float


def measure(model: str, release: Path, limit: int, folder: Path) -> bool:
    """Print the figures; whether all triples agree."""
    moved = folder / "elsewhere" / "release"
    shutil.copytree(release, moved)
    theirs = dict(_harness(model, moved, limit, folder))
    rows = pl.DataFrame(load_release(str(moved), split="test", as_dataset=True).to_table())
    asked = triples_of(rows.filter(pl.col("triple_id").is_in(list(theirs))))
    ours = Likelihood().outcomes(asked, TransformersScorer(model))
    apart = [difference for one in ours for difference in _apart(one, theirs[one.triple_id])]
    other = [one for one in ours if one.correct != theirs[one.triple_id].correct]
    print(f"{len(ours)} triples; acc_norm {sum(one.correct for one in theirs.values()) / len(theirs):.3f}")
    for one in other:
        print(f"other pick: triple {one.triple_id}, our margin a character {one.margin:+.6f}")
    line("same pick", 1 - len(other) / len(ours), 1.0, least=True)
    line("log-probabilities, largest difference", max(apart), MOST_APART)
    return not other and len(ours) == len(theirs) and max(apart) <= MOST_APART


def _harness(model: str, release: Path, limit: int, folder: Path) -> Iterator[tuple[int, Theirs]]:
    """Run the release's tasks, and read the samples that the harness logs."""
    nations = sorted(path.name for path in (release / "data" / "default").iterdir())
    command = [
        str(Path(sys.executable).with_name("lm_eval")), "--model", "hf", "--device", "cpu", "--batch_size", "1",
        "--model_args", f"pretrained={Path(model).resolve()},dtype=float32", "--limit", str(limit),
        "--tasks", ",".join(f"navab_{nation}" for nation in nations), "--include_path", str(release / "lm_eval"),
        "--output_path", str(folder / "harness"), "--log_samples",
    ]  # fmt: skip
    offline = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_CACHE": str(folder / "datasets")}
    subprocess.run(command, check=True, cwd=folder, env=os.environ | offline)
    for path in sorted((folder / "harness").rglob("samples_*.jsonl")):
        for text in path.read_text("utf-8").splitlines():
            yield _sample(json.loads(text))


def _sample(sample: dict[str, Any]) -> tuple[int, Theirs]:
    triple, scores = sample["doc"], [float(found[0]) for found in sample["filtered_resps"]]
    answer = int(triple["answer"])  # where S stands among the options
    return int(triple["triple_id"]), Theirs(bool(sample["acc_norm"]), scores[answer], scores[1 - answer])


def _apart(ours: Outcome, theirs: Theirs) -> tuple[float, float]:
    statement, reversal = ours.scores
    return abs(statement - theirs.statement), abs(reversal - theirs.reversal)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("release", type=Path)
    parser.add_argument("--limit", type=int, default=20)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return 0 if measure(arguments.model, arguments.release, arguments.limit, Path(folder)) else 1


if __name__ == "__main__":
    raise SystemExit(main())
