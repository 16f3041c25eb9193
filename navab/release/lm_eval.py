"""Tasks for lm-evaluation-harness: one multiple-choice task a nation over the release's own shards.

A model is right when it finds the statement likelier than its reversal as the answer to the question.
Run them with `lm_eval --include_path <release>/lm_eval --tasks navab`.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from typing import Any

import yaml

from navab.release.manifest import RowCounts

_TEMPLATE = "_navab_template.yaml"
_METRICS = ("acc", "acc_norm")  # `navab evaluate --method likelihood` is the second


def task_files(rows: RowCounts, canary: str, version: str) -> Iterator[tuple[str, bytes]]:
    """Yield path and bytes of every file under `lm_eval/`; nations without test triples get no task."""
    splits = {nation: _splits(sources) for nation, sources in rows["default"].items()}
    tested = sorted(nation for nation, found in splits.items() if "test" in found)
    if not tested:
        return
    template = _yaml_document(_template(version), canary).replace("'!load'", "!function utils.load")
    yield f"lm_eval/{_TEMPLATE}", template.encode()
    yield "lm_eval/navab.yaml", _yaml_document(_group(tested, version), canary).encode()
    for nation in tested:
        task = _task(nation, has_train="train" in splits[nation])
        yield f"lm_eval/navab_{nation}.yaml", _yaml_document(task, canary).encode()
    utils = resources.files("navab.release") / "templates" / "lm_eval" / "utils.py"
    yield "lm_eval/utils.py", utils.read_bytes()


def _splits(sources: dict[str, dict[str, int]]) -> set[str]:
    return {split for splits in sources.values() for split, count in splits.items() if count}


def _template(version: str) -> dict[str, Any]:
    """What the tasks of all nations have in common."""
    return {
        "custom_dataset": "!load",
        "output_type": "multiple_choice",
        "test_split": "test",
        "num_fewshot": 0,
        "doc_to_text": "{{question}}",
        "doc_to_choice": "options",
        "doc_to_target": "answer",
        "target_delimiter": "\n",
        "metric_list": [{"metric": metric, "aggregation": "mean", "higher_is_better": True} for metric in _METRICS],
        "metadata": {"version": version},
    }


def _task(nation: str, *, has_train: bool) -> dict[str, Any]:
    task: dict[str, Any] = {
        "include": _TEMPLATE,
        "task": f"navab_{nation}",
        "dataset_kwargs": {"nation": nation},
    }
    if has_train:
        task |= {"training_split": "train", "fewshot_split": "train"}
    return task


def _group(nations: list[str], version: str) -> dict[str, Any]:
    """The group: every nation counts the same, however many triples it has."""
    return {
        "group": "navab",
        "task": [f"navab_{nation}" for nation in nations],
        "aggregate_metric_list": [
            {"metric": metric, "aggregation": "mean", "weight_by_size": False} for metric in _METRICS
        ],
        "metadata": {"version": version},
    }


def _yaml_document(content: dict[str, Any], canary: str) -> str:
    body = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
    return f"# Benchmark data: keep out of training corpora. {canary}\n{body}"
