"""The card's configurations load with the real `datasets` library, without a network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from navab.release.build import ReleaseInputs, ReleaseOptions, build_release
from navab.release.card import table_cell
from navab.release.load import load_release

COUNT = """
import json, sys, datasets
found = {}
for name in json.loads(sys.argv[2]):
    loaded = datasets.load_dataset(sys.argv[1], name)
    found[str(name)] = {split: rows.num_rows for split, rows in loaded.items()}
first = datasets.load_dataset(sys.argv[1], "default", split="train")[0]
print(json.dumps([found, first], default=str))
"""


def front_matter(root: Path) -> dict[str, Any]:
    return yaml.safe_load((root / "README.md").read_text().split("---\n")[1])


def load_offline(root: Path, names: list[str | None], cache: Path) -> list[Any]:
    """Load in a process of its own: `datasets` reads the offline switches when it is imported."""
    offline = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "HF_HOME": str(cache)}
    done = subprocess.run(
        [sys.executable, "-c", COUNT, str(root), json.dumps(names)],
        env=os.environ | offline,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("rows_per_shard", [None, 2])
def test_every_configuration_loads_with_the_rows_of_the_manifest(
    inputs: ReleaseInputs,
    options: ReleaseOptions,
    filesystem: Any,
    tmp_path: Path,
    rows_per_shard: int | None,
) -> None:
    root = tmp_path / "r"
    build_release(inputs, replace(options, rows_per_shard=rows_per_shard), filesystem, str(root))
    names = [config["config_name"] for config in front_matter(root)["configs"]]
    assert {"default", "default-cn", "default-uk", "foreign", "contested", "contested-uk"} <= set(names)
    found, first = load_offline(root, [None, *names], tmp_path / "cache")
    for name in names:
        subset, _, nation = name.partition("-")
        expected = load_release(str(root), subset=subset, nation=nation or None)
        assert found[name] == dict(expected["split"].value_counts().iter_rows())
    assert found["None"] == found["default"]
    assert first["statement"] and first["triple_id"]


def test_empty_combinations_have_no_configuration(root: Path) -> None:
    names = [config["config_name"] for config in front_matter(root)["configs"]]
    assert not [name for name in names if name.endswith("-fr")]
    for config in front_matter(root)["configs"]:
        for file in config["data_files"]:
            assert list(root.glob(file["path"])), file


def test_an_empty_subset_does_not_break_the_others(
    inputs: ReleaseInputs, options: ReleaseOptions, filesystem: Any, tmp_path: Path
) -> None:
    home = inputs.triples.filter(pl.col("speaker_nation") == "home", pl.col("split") == "train")
    build_release(replace(inputs, triples=home), options, filesystem, str(tmp_path / "r"))
    names = [config["config_name"] for config in front_matter(tmp_path / "r")["configs"]]
    assert "foreign" not in names
    found, _ = load_offline(tmp_path / "r", list(names), tmp_path / "cache")
    assert set(found["default"]) == {"train"}
    assert not (tmp_path / "r" / "lm_eval").exists()


def test_the_card_says_what_a_reader_must_know(root: Path) -> None:
    card = (root / "README.md").read_text()
    manifest = json.loads((root / "manifest.json").read_text())
    assert manifest["canary"] in card
    for part in (
        "baseline of rules",
        "not what a nation believes",
        "profiling",
        "Ranking nations",
        "not truth",
    ):
        assert part.lower() in card.lower()
    for column in manifest["columns"]:
        assert f"| `{column}` |" in card
    assert front_matter(root)["license"] == "other"
    assert front_matter(root)["language"] == ["en", "zh"]


def test_the_limits_of_rules_are_not_claimed_for_a_model(
    inputs: ReleaseInputs, options: ReleaseOptions, filesystem: Any, tmp_path: Path
) -> None:
    model = replace(inputs, triples=inputs.triples.with_columns(engine=pl.lit("vllm: a | b\n# c")))
    build_release(model, replace(options, licence="House licence"), filesystem, str(tmp_path / "r"))
    card = (tmp_path / "r" / "README.md").read_text()
    assert "baseline" not in card
    assert "\n# c" not in card
    assert front_matter(tmp_path / "r")["license_name"] == "House licence"


def test_cells_stay_cells() -> None:
    assert table_cell("a|b\nc") == "a\\|b c"
