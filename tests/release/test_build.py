"""Building: same content, same bytes; the manifest decides whether a release exists."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import fsspec
import polars as pl
import pytest
from fsspec.implementations.local import LocalFileSystem

from navab.errors import ConfigurationError, ConservationError, StorageError
from navab.release.build import ReleaseInputs, ReleaseOptions, build_release
from navab.release.load import load_release


def contents(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_same_triples_in_another_order_give_the_same_bytes(
    inputs: ReleaseInputs, options: ReleaseOptions, filesystem: Any, root: Path, tmp_path: Path
) -> None:
    shuffled = pl.concat([inputs.triples[13:], inputs.triples[:13]], rechunk=False).reverse()
    build_release(replace(inputs, triples=shuffled), options, filesystem, str(tmp_path / "again"))
    assert contents(tmp_path / "again") == contents(root)


def test_bytes_do_not_depend_on_what_lies_under_nulls(
    inputs: ReleaseInputs, options: ReleaseOptions, filesystem: Any, root: Path, tmp_path: Path
) -> None:
    hidden = inputs.triples.with_columns(
        pl.when(pl.col("topic_id").is_null()).then(None).otherwise(pl.col("topic_id").fill_null(77)).alias("topic_id"),
        pl.when(pl.col("speaker").is_null()).then(None).otherwise(pl.lit("x" * 40)).alias("ignored"),
    )
    build_release(replace(inputs, triples=hidden), options, filesystem, str(tmp_path / "again"))
    assert contents(tmp_path / "again") == contents(root)


def test_a_second_build_writes_nothing(
    inputs: ReleaseInputs, options: ReleaseOptions, filesystem: Any, root: Path
) -> None:
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
    later = replace(options, created_at=None)
    manifest = build_release(replace(inputs, table_versions={"triples": 9}), later, filesystem, str(root))
    assert manifest.lineage.table_versions == {"triples": 3}
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == before


class SweptFileSystem(LocalFileSystem):  # type: ignore[misc]
    """A disk on which somebody deletes a release's shards right before its manifest is written."""

    protocol = "swept"

    def pipe_file(self, path: str, value: bytes, mode: str = "overwrite", **options: object) -> None:
        if "manifest.json" in path:
            shutil.rmtree(Path(path).parent / "data")
        super().pipe_file(path, value, mode, **options)


def test_a_release_that_is_cleaned_up_while_it_is_written_does_not_exist(
    inputs: ReleaseInputs, options: ReleaseOptions, filesystem: Any, root: Path, tmp_path: Path
) -> None:
    again = tmp_path / "again"
    with pytest.raises(StorageError, match="cleaned up while it was being written; run the command again"):
        build_release(inputs, options, SweptFileSystem(), str(again))
    assert not (again / "manifest.json").exists()
    build_release(inputs, options, filesystem, str(again))
    assert contents(again) == contents(root)


def test_another_release_under_the_same_name_is_refused(
    inputs: ReleaseInputs, options: ReleaseOptions, filesystem: Any, root: Path
) -> None:
    before = contents(root)
    with pytest.raises(ConfigurationError, match=r"choose another release\.name"):
        build_release(replace(inputs, triples=inputs.triples[1:]), options, filesystem, str(root))
    assert contents(root) == before


def test_leftovers_of_an_interrupted_build_are_replaced_and_foreign_files_kept(
    inputs: ReleaseInputs, options: ReleaseOptions, filesystem: Any, root: Path
) -> None:
    complete = contents(root)
    (root / "manifest.json").unlink()
    stale = root / "data/default/cn/quoted/train/part-00099.arrow"
    stale.write_bytes(b"half")
    (root / "notes.txt").write_text("mine")
    build_release(inputs, options, filesystem, str(root))
    assert contents(root) == complete | {"notes.txt": b"mine"}


def test_subsets_hold_what_they_promise(
    inputs: ReleaseInputs, options: ReleaseOptions, filesystem: Any, tmp_path: Path
) -> None:
    everything = replace(options, without_conflict_reduction=True)
    manifest = build_release(inputs, everything, filesystem, str(tmp_path / "all"))
    rows = {name: load_release(str(tmp_path / "all"), subset=name) for name in manifest.subsets()}
    assert {name: frame.height for name, frame in rows.items()} == {
        "default": 18,
        "foreign": 3,
        "contested": 9,
        "without_conflict_reduction": 27,
    }
    assert rows["default"]["retained"].all()
    assert set(rows["default"]["speaker_nation"]) == {"home"}
    assert set(rows["foreign"]["speaker_nation"]) == {"foreign"}
    assert set(rows["contested"]["retained"]) == {True, False}


def test_shards_are_bounded_and_sorted(
    inputs: ReleaseInputs, options: ReleaseOptions, filesystem: Any, tmp_path: Path
) -> None:
    manifest = build_release(inputs, replace(options, rows_per_shard=2), filesystem, str(tmp_path / "r"))
    assert max(shard.rows for shard in manifest.shards) == 2
    for shard in manifest.shards:
        assert pl.read_ipc(tmp_path / "r" / shard.path)["triple_id"].is_sorted()


def test_article_text_is_released_only_when_asked(
    inputs: ReleaseInputs, options: ReleaseOptions, filesystem: Any, root: Path, tmp_path: Path
) -> None:
    assert not any(b"The article 1." in payload for payload in contents(root).values())
    build_release(inputs, replace(options, include_text=True), filesystem, str(tmp_path / "t"))
    assert load_release(str(tmp_path / "t"))["text"].str.starts_with("The article").all()


def test_no_secret_is_written(root: Path) -> None:
    for payload in contents(root).values():
        for secret in (b"hunter2", b"sk-verysecret", b"X-Signature"):
            assert secret not in payload
    configuration = json.loads((root / "manifest.json").read_text())["lineage"]["configuration"]
    assert configuration["storage"] == {"endpoint_url": "https://store.example/x", "region": "eu"}


def test_rules_are_called_a_baseline_everywhere(root: Path) -> None:
    assert json.loads((root / "manifest.json").read_text())["notes"] == ["engine: rules (baseline)"]
    assert "engine: rules (baseline)" in (root / "README.md").read_text()


def test_contradicting_retained_statements_are_refused(
    inputs: ReleaseInputs, options: ReleaseOptions, filesystem: Any, tmp_path: Path
) -> None:
    with pytest.raises(ConservationError, match="statements 2 and 3 contradict"):
        build_release(replace(inputs, contradictions=[(2, 3)]), options, filesystem, str(tmp_path / "r"))
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"retained": pl.lit(False), "contested": pl.lit(False)}, ConfigurationError, "nothing to release"),
        ({"nation": pl.lit("de")}, ConfigurationError, "does not list: de"),
        ({"source_type": pl.lit("../x")}, ConfigurationError, "cannot name a folder"),
        ({"triple_id": pl.lit(5, pl.Int64)}, ConservationError, "triple_id 5 occurs more than once"),
        ({"support": pl.lit(None, pl.Int64)}, ConservationError, "without support"),
    ],
)
def test_unfit_triples_are_refused(
    *,
    inputs: ReleaseInputs,
    options: ReleaseOptions,
    filesystem: Any,
    tmp_path: Path,
    change: dict[str, pl.Expr],
    error: type[Exception],
    message: str,
) -> None:
    unfit = replace(inputs, triples=inputs.triples.with_columns(**change))
    with pytest.raises(error, match=message):
        build_release(unfit, options, filesystem, str(tmp_path / "r"))
    assert not (tmp_path / "r" / "manifest.json").exists()


def test_a_name_with_a_path_in_it_is_refused(
    inputs: ReleaseInputs, options: ReleaseOptions, filesystem: Any, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError, match=r"release\.name"):
        build_release(inputs, replace(options, name="../x"), filesystem, str(tmp_path / "r"))


def test_a_place_that_cannot_be_written_is_one_line(
    inputs: ReleaseInputs, options: ReleaseOptions, filesystem: Any, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="part of the path is a file; choose another folder"):
        build_release(inputs, options, filesystem, str(tmp_path / "file" / "r"))


def test_a_release_on_an_object_store_is_built_and_read(
    inputs: ReleaseInputs, options: ReleaseOptions, root: Path
) -> None:
    memory = fsspec.filesystem("memory")
    build_release(inputs, options, memory, "memory://bucket/releases/small")
    assert load_release("memory://bucket/releases/small").equals(load_release(str(root)))
    memory.rm("/bucket", recursive=True)
