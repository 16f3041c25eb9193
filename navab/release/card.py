"""The dataset card: README.md; its front matter lets `datasets.load_dataset` load all parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined

from navab.release.columns import release_columns
from navab.release.manifest import Manifest

_SPLITS = ("train", "test")
_SUBSET_MEANINGS = {
    "default": "statements of the dominant stance whose speaker is not foreign: what evaluations use",
    "foreign": "statements of the dominant stance, quoted from foreign speakers",
    "contested": "both sides of every resolved contradiction; `retained` tells which side was kept. A side is missing "
    "if no triple could be made of it",
    "without_conflict_reduction": "every accepted statement, contradictions included",
}
# What the Hub accepts as a licence identifier here; anything else is declared as `other` and named.
_HUB_LICENCES = frozenset({"apache-2.0", "cc-by-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0", "cc0-1.0", "mit", "other"})


def dataset_card(manifest: Manifest, languages: list[str], contact: str | None) -> str:
    """Write the card of a release."""
    environment = Environment(
        loader=PackageLoader("navab.release"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["cell"] = table_cell
    template = environment.get_template("card.md.j2")
    front_matter = yaml.safe_dump(_front_matter(manifest, languages), sort_keys=False, allow_unicode=True)
    return template.render(
        front_matter=front_matter,
        manifest=manifest,
        columns=release_columns(include_text=manifest.includes_text),
        counts=_count_table(manifest),
        subsets={name: _SUBSET_MEANINGS[name] for name in manifest.subsets()},
        splits=_SPLITS,
        examples=[config["config_name"] for config in load_configs(manifest)][:2],
        nations=[nation for nation in manifest.nations if _total(manifest, "default", nation)],
        baseline=any(engine.startswith("rules") for engine in manifest.lineage.engines),
        contact=contact,
    )


def load_configs(manifest: Manifest) -> list[dict[str, Any]]:
    """List the `configs`: `<subset>` and `<subset>-<nation>`, with only those splits that have rows."""
    configs = []
    for subset, nations in manifest.rows.items():
        filled = {nation: _splits_of(sources) for nation, sources in nations.items()}
        filled = {nation: splits for nation, splits in sorted(filled.items()) if splits}
        every_split = set().union(*filled.values())
        if every_split:
            configs.append(_config(subset, f"data/{subset}/*", every_split))
        configs += [_config(f"{subset}-{n}", f"data/{subset}/{n}", splits) for n, splits in filled.items()]
    return configs


def table_cell(value: object) -> str:
    """Write a value so that it stays inside its cell of a Markdown table."""
    return str(value).replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ")


def _config(name: str, folder: str, splits: set[str]) -> dict[str, Any]:
    files = [{"split": split, "path": f"{folder}/*/{split}/part-*.arrow"} for split in _SPLITS if split in splits]
    return {"config_name": name, "data_files": files} | ({"default": True} if name == "default" else {})


def _splits_of(sources: Mapping[str, Mapping[str, int]]) -> set[str]:
    return {split for splits in sources.values() for split, rows in splits.items() if rows}


def _total(manifest: Manifest, subset: str, nation: str) -> int:
    return sum(sum(splits.values()) for splits in manifest.rows[subset].get(nation, {}).values())


def _count_table(manifest: Manifest) -> list[tuple[str, str, str, int, int]]:
    """Rows of the table of counts: subset, nation, source type, train, test."""
    table = []
    for subset, nations in manifest.rows.items():
        for nation, sources in sorted(nations.items()):
            for source_type, splits in sorted(sources.items()) or [("none", {})]:
                train, test = (splits.get(split, 0) for split in _SPLITS)
                table.append((subset, nation, source_type, train, test))
    return table


def _front_matter(manifest: Manifest, languages: list[str]) -> dict[str, Any]:
    licence = manifest.licence.lower()
    total = sum(_total(manifest, "default", nation) for nation in manifest.nations)
    known = {"license": licence} if licence in _HUB_LICENCES else {}
    return {
        "pretty_name": f"{manifest.benchmark} {manifest.name}",
        **(known or {"license": "other", "license_name": manifest.licence}),
        "language": sorted(languages),
        "task_categories": ["multiple-choice", "question-answering"],
        "tags": ["values", "alignment", "news", "navab"],
        "size_categories": [_size_category(total)],
        "configs": load_configs(manifest),
    }


def _size_category(rows: int) -> str:
    """Name the Hub's size class."""
    names = {1_000: "n<1K", 10_000: "1K<n<10K", 100_000: "10K<n<100K", 1_000_000: "100K<n<1M"}
    return next((name for limit, name in names.items() if rows < limit), "1M<n<10M")
