"""Joins of key frames: the same as a join of everything at once, in parts."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from navab.lake import joins
from navab.lake.joins import keep, match


def frames(seed: int, left: int = 500, right: int = 400) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Two frames of keys and fingerprints that share many keys, and fewer pairs."""
    draw = np.random.default_rng(seed)

    def frame(rows: int) -> pl.DataFrame:
        return pl.DataFrame({"key": draw.integers(-150, 150, rows), "fingerprint": draw.integers(0, 3, rows)})

    return frame(left), frame(right)


@pytest.mark.parametrize("part_rows", [7, 64, 1_000])
def test_parts_find_what_a_whole_join_finds(part_rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joins, "PART_ROWS", part_rows)
    on = ["key", "fingerprint"]
    for seed in range(5):
        left, right = frames(seed)
        in_right, in_left = match(left, right, on)
        assert keep(left, in_right).equals(left.join(right, on=on, how="semi", maintain_order="left"))
        assert keep(left, ~in_right).equals(left.join(right, on=on, how="anti", maintain_order="left"))
        assert keep(right, in_left).equals(right.join(left, on=on, how="semi", maintain_order="left"))


def test_text_matches_categories() -> None:
    left = pl.DataFrame({"path": pl.Series(["a", "b", "c", None], dtype=pl.Categorical), "fingerprint": [1, 2, 3, 4]})
    right = pl.DataFrame({"path": ["c", "a", None], "fingerprint": [3, 9, 4]})
    assert match(left, right, ["path", "fingerprint"])[0].tolist() == [False, False, True, False]
    assert match(left, right, ["path"])[0].tolist() == [True, False, True, False], "null equals nothing"


def test_nothing_matches_in_empty_frames() -> None:
    left, right = frames(0)
    assert not match(left, right.clear(), ["key"])[0].any()
    assert match(left.clear(), right, ["key"])[1].tolist() == [False] * right.height


def test_a_frame_that_is_kept_whole_is_not_copied() -> None:
    left, _ = frames(0)
    assert keep(left, np.ones(left.height, dtype=np.bool_)) is left
