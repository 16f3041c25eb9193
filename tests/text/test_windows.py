"""Windows of long texts: nothing is lost, nothing is longer than allowed, and sentences stay whole."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from navab.text.windows import windows


def test_a_short_text_is_one_window() -> None:
    assert windows("One. Two.", 100, 10, 5) == [(0, 9)]
    assert windows("", 100, 10, 5) == []


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("First sentence here. Second sentence here. Third one.", ["First sentence here. ", "Second sentence here. "]),
        (
            "第一句话在这里说完了。第二句话在这里说完了。第三句话。",
            ["第一句话在这里说完了。", "第二句话在这里说完了。"],
        ),
    ],
)
def test_windows_end_with_sentences(text: str, cut: list[str]) -> None:
    size = max(map(len, cut)) + 2
    assert [window.of(text) for window in windows(text, size, 0, 9)][:2] == cut


def test_the_next_window_begins_with_a_sentence_of_the_one_before() -> None:
    text = "Aaaa aaaa. Bbbb bbbb. Cccc cccc. Dddd dddd. "
    first, second, *_ = (window.of(text) for window in windows(text, 33, 12, 9))
    assert first == "Aaaa aaaa. Bbbb bbbb. Cccc cccc. "
    assert second.startswith("Cccc cccc. ")


def test_what_lies_beyond_the_last_window_is_left_out() -> None:
    assert len(windows("word " * 1000, 100, 10, 3)) == 3


@given(st.text(alphabet="ab .。!?\n”", max_size=300), st.integers(4, 80), st.integers(0, 40), st.integers(1, 400))
def test_windows_cover_the_text(text: str, size: int, overlap: int, limit: int) -> None:
    overlap = min(overlap, size // 2)
    found = windows(text, size, overlap, limit)
    assert len(found) <= limit
    assert all(0 < window.end - window.start <= size for window in found)
    for one, following in pairwise(found):
        assert one.start < following.start <= one.end
        assert one.end - following.start <= overlap
        assert following.end > one.end
    if text:
        assert found[0].start == 0
        assert found[-1].end == len(text) or len(found) == limit
