"""Loading: the part that was asked for, or one line that says what there is."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from navab.errors import ConfigurationError, StorageError
from navab.release.load import load_release


def test_the_default_is_every_nation_of_the_subset_default(root: Path, triples: pl.DataFrame) -> None:
    expected = triples.filter(pl.col("retained") & (pl.col("speaker_nation") != "foreign"))
    loaded = load_release(str(root))
    assert set(loaded["triple_id"]) == set(expected["triple_id"])
    assert loaded.schema["published_at"] == pl.Datetime("us", "UTC")


def test_values_come_back_unchanged(root: Path, triples: pl.DataFrame) -> None:
    loaded = load_release(str(root)).sort("triple_id")
    expected = triples.filter(pl.col("triple_id").is_in(loaded["triple_id"].to_list())).sort("triple_id")
    assert loaded.equals(expected.select(loaded.columns))


def test_parts_can_be_asked_for(root: Path) -> None:
    loaded = load_release(str(root), nation="uk", split="test", source_type="official")
    assert loaded.height > 0
    assert set(loaded.select("nation", "split", "source_type").iter_rows()) == {("uk", "test", "official")}


def test_a_dataset_is_read_lazily(root: Path) -> None:
    dataset = load_release(str(root), as_dataset=True)
    assert dataset.count_rows() == 18
    assert dataset.schema.field("triple_id").type == "int64"


def test_an_empty_nation_gives_an_empty_frame_with_all_columns(root: Path) -> None:
    empty = load_release(str(root), nation="fr")
    assert empty.height == 0
    assert empty.columns == load_release(str(root)).columns
    assert load_release(str(root), nation="fr", as_dataset=True).count_rows() == 0


def test_without_a_manifest_there_is_no_release(root: Path, tmp_path: Path) -> None:
    (root / "manifest.json").unlink()
    for place in (root, tmp_path / "nowhere"):
        with pytest.raises(StorageError, match=r"no release at .* no manifest\.json"):
            load_release(str(place))


def test_a_damaged_manifest_is_named(root: Path) -> None:
    (root / "manifest.json").write_text('{"benchmark": "navab"}')
    with pytest.raises(StorageError, match=r"manifest\.json is damaged at 'name'"):
        load_release(str(root))
    (root / "manifest.json").write_text('{"bench')
    with pytest.raises(StorageError, match=r"manifest\.json is damaged at 'JSON'"):
        load_release(str(root))


def test_a_missing_shard_is_one_line(root: Path) -> None:
    next(root.glob("data/default/uk/*/*/*.arrow")).unlink()
    with pytest.raises(StorageError, match=r"part-00000\.arrow"):
        load_release(str(root))


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ({"subset": "defualt"}, "no subset 'defualt': choose one of default, foreign, contested"),
        ({"nation": "us"}, "no nation 'us': choose one of cn, fr, uk"),
        ({"split": "validation"}, "no split 'validation'"),
        ({"source_type": "private"}, "no source_type 'private'"),
    ],
)
def test_unknown_parts_are_refused(root: Path, part: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        load_release(str(root), **part)


def test_an_unknown_protocol_is_one_line() -> None:
    with pytest.raises(StorageError, match="nothing://x"):
        load_release("nothing://x")
