"""The tasks' files: what lm-evaluation-harness reads, without the harness itself."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest
import yaml

from navab.release.lm_eval import task_files
from navab.release.load import load_release


def read_yaml(path: Path) -> Any:
    class Loader(yaml.SafeLoader):
        """Reads the harness's !function as text."""

    Loader.add_constructor("!function", lambda loader, node: f"function {node.value}")
    return yaml.load(path.read_text(), Loader)


def test_tested_nations_have_a_task(root: Path) -> None:
    group = read_yaml(root / "lm_eval/navab.yaml")
    assert group["task"] == ["navab_cn", "navab_uk"]
    assert [one["metric"] for one in group["aggregate_metric_list"]] == ["acc", "acc_norm"]
    assert not (root / "lm_eval/navab_fr.yaml").exists()
    task = read_yaml(root / "lm_eval/navab_cn.yaml")
    assert task["task"] == "navab_cn"
    assert task["fewshot_split"] == "train"
    template = read_yaml(root / "lm_eval" / task["include"])
    assert template["custom_dataset"] == "function utils.load"
    assert template["output_type"] == "multiple_choice"


def test_a_nation_without_training_triples_claims_no_training_split() -> None:
    rows = {"default": {"cn": {"quoted": {"test": 3}}, "uk": {"quoted": {"train": 3}}}}
    files = dict(task_files(rows, "canary", "1.0"))
    assert "lm_eval/navab_uk.yaml" not in files
    assert b"_split" not in files["lm_eval/navab_cn.yaml"]


def test_shards_are_found_wherever_the_release_lies(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")
    moved = root.rename(tmp_path / "moved")
    spec = importlib.util.spec_from_file_location("utils", moved / "lm_eval/utils.py")
    assert spec and spec.loader
    utils = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(utils)
    splits = utils.load(nation="uk", version="1.0", model="anything")
    expected = load_release(str(moved), nation="uk", split="test")
    assert splits["test"].num_rows == expected.height
    for triple in (*splits["test"], *splits["train"]):
        assert triple["options"][triple["answer"]] == triple["statement"]
        assert triple["options"][1 - triple["answer"]] == triple["reversed_statement"]
    assert {triple["answer"] for triple in (*splits["test"], *splits["train"])} == {0, 1}
