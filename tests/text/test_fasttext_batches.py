"""Inference over batches of lines: the answers are those of the fasttext library."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import fasttext
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from navab.text.fasttext_batches import BatchModel
from navab.text.fasttext_file import read_fasttext_file
from navab.text.language import BUNDLED_MODEL, model_path
from tests.fixtures.fasttext_files import SmallModel

LINES = [
    "The minister said that the government would not accept the proposal.",
    "Le ministre a déclaré que le gouvernement n'accepterait pas la proposition.",
    "外交部发言人表示，中方坚决反对这一提案，呼吁各方继续对话。",
    "Министр заявил, что правительство не примет это предложение.",
    "สวัสดีชาวโลก 👋🏽 مرحبا بالعالم",
    "",
    " ",
    "a",
    "no\xa0break\u3000and\x1fothers",
    "tabs\tand\vall\fthat\r is\0blank",
    "<angle> > < brackets>",
    "x" * 5000,
    "ends </s> here, whatever follows: 中文",
    "no</s>end",
    "__label__de is no word, __label__klingon neither",
]

lines_of_text = st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n"), max_size=80))
parts = st.sampled_from(
    ["</s>", "__label__de", "__label__", "\0", "the", "в", "在", "é", " ", "<", ">", "😀", "\u3000"]
)
lines_of_parts = st.lists(st.lists(parts, max_size=12).map("".join))


@cache
def bundled() -> tuple[BatchModel, Any]:
    return both(model_path(BUNDLED_MODEL))


def both(path: Path) -> tuple[BatchModel, Any]:
    """A model in batches and the same one by the library."""
    file = read_fasttext_file(path)
    assert file is not None
    return BatchModel.of(file), fasttext.load_model(str(path))


def assert_same(models: tuple[BatchModel, Any], lines: list[str]) -> None:
    batches, library = models
    for line, answer in zip(lines, batches.predict(lines), strict=True):
        labels, scores = library.predict(line)
        if answer is None:
            assert not labels
        else:
            assert answer == (labels[0], pytest.approx(scores[0], abs=2e-6))


def test_answers_are_those_of_the_library() -> None:
    assert_same(bundled(), LINES)


@given(lines_of_text | lines_of_parts)
@settings(deadline=None)
def test_answers_are_those_of_the_library_for_any_lines(lines: list[str]) -> None:
    assert_same(bundled(), lines)


@given(lines_of_parts, st.integers(1, 3), st.integers(0, 2), st.booleans(), st.booleans(), st.integers(0, 9))
@settings(deadline=None)
def test_answers_are_those_of_the_library_for_any_pruned_model(
    tmp_path_factory: pytest.TempPathFactory,
    lines: list[str],
    shortest: int,
    more: int,
    with_norms: bool,
    with_end: bool,
    seed: int,
) -> None:
    words = ("</s>", "the", "在") if with_end else ("the", "在")
    model = SmallModel(words, shortest=shortest, longest=shortest + more, with_norms=with_norms, seed=seed)
    assert_same(both(model.write(tmp_path_factory.mktemp("model") / "small.ftz")), lines)


def test_a_line_of_which_the_model_knows_nothing_has_no_answer(tmp_path: Path) -> None:
    model, _ = both(SmallModel(words=("the",)).write(tmp_path / "small.ftz"))
    assert model.predict(["", "the"])[0] is None


def test_a_line_is_judged_by_itself() -> None:
    model, _ = bundled()
    lines = LINES * 40  # several batches
    assert model.predict(lines) == [answer for line in lines[: len(LINES)] for answer in model.predict([line])] * 40
    assert model.predict([]) == []


def test_the_words_of_a_batch_do_not_touch_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    model, _ = bundled()
    together = model.predict(LINES)
    monkeypatch.setattr("navab.text.fasttext_batches._BATCH_BYTES", 1)  # every word is a batch
    assert model.predict(LINES) == together


@pytest.mark.parametrize("line", ["two\nlines", "a lone \ud800 surrogate"])
def test_a_line_that_the_library_refuses_is_refused(line: str) -> None:
    batches, library = bundled()
    with pytest.raises((ValueError, TypeError)):
        library.predict(line)
    with pytest.raises(ValueError, match=r"line feed|surrogates not allowed"):
        batches.predict([line])
