"""fastText models of any kind, asked for many lines at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from navab.errors import ConfigurationError
from navab.text.fasttext_batches import BatchModel
from navab.text.fasttext_model import LibraryModel, load_library_model, load_model
from navab.text.language import BUNDLED_MODEL, model_path
from tests.fixtures.fasttext_files import SOFTMAX, SmallModel

LINES = ["the first line", "", "在 最后"]


def test_the_bundled_model_answers_in_batches() -> None:
    assert isinstance(load_model(model_path(BUNDLED_MODEL)), BatchModel)


def test_a_model_of_another_kind_is_asked_through_the_library(tmp_path: Path) -> None:
    model = load_model(SmallModel(loss=SOFTMAX).write(tmp_path / "softmax.ftz"))
    assert isinstance(model, LibraryModel)
    answers = model.predict(LINES)
    assert all(answer is not None and answer[0].startswith("__label__") for answer in answers)


def test_both_ways_give_the_same_answers(tmp_path: Path) -> None:
    path = SmallModel().write(tmp_path / "small.ftz")
    for answer, other in zip(load_model(path).predict(LINES), load_library_model(path).predict(LINES), strict=True):
        assert answer is not None
        assert other is not None
        assert answer == (other[0], pytest.approx(other[1], abs=2e-6))


def test_where_the_model_knows_nothing_the_library_has_no_answer_either(tmp_path: Path) -> None:
    assert load_library_model(SmallModel(words=("the",)).write(tmp_path / "small.ftz")).predict([""]) == [None]


@pytest.mark.parametrize("size", [0, 5, 20, 200, 3000])
def test_a_damaged_model_is_named(size: int, tmp_path: Path) -> None:
    (tmp_path / "model.ftz").write_bytes(SmallModel().content()[:size])
    with pytest.raises(ConfigurationError, match=r"model\.ftz is no fastText model"):
        load_model(tmp_path / "model.ftz")
