"""Files of fastText models, read into arrays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from navab.text.fasttext_file import read_fasttext_file
from navab.text.language import BUNDLED_MODEL, model_path
from tests.fixtures.fasttext_files import SOFTMAX, SmallModel


def test_the_bundled_model() -> None:
    file = read_fasttext_file(model_path(BUNDLED_MODEL))
    assert file is not None
    assert (len(file.words), file.words[b"</s>"], file.words[b"de"]) == (7235, 0, 1)
    assert (len(file.labels), file.labels[0], file.label_counts[0]) == (176, "__label__en", 5469676)
    assert (file.shortest, file.longest) == (2, 4)
    assert (file.inputs.shape, file.outputs.shape) == ((50_000, 16), (176, 16))
    rows = file.row_of_bucket[file.row_of_bucket >= 0]
    assert sorted(rows) == list(range(7235, 50_000))


def test_norms_multiply_directions(tmp_path: Path) -> None:
    file = read_fasttext_file(SmallModel(dim=1, part=1).write(tmp_path / "with.ftz"))
    alone = read_fasttext_file(SmallModel(dim=1, part=1, with_norms=False).write(tmp_path / "without.ftz"))
    assert file is not None
    assert alone is not None
    norms = file.inputs / alone.inputs
    assert np.all((norms >= 0) & (norms < 9))


@pytest.mark.parametrize(
    "model",
    [SmallModel(loss=SOFTMAX), SmallModel(kept=0), SmallModel(shortest=0, longest=0)],
    ids=["softmax", "not pruned", "words alone"],
)
def test_models_of_other_kinds_are_not_read(model: SmallModel, tmp_path: Path) -> None:
    assert read_fasttext_file(model.write(tmp_path / "other.ftz")) is None


def test_a_file_that_is_no_model_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "text.bin").write_text("no model")
    assert read_fasttext_file(tmp_path / "text.bin") is None


def test_a_file_that_ends_early_is_damaged_wherever_it_ends(tmp_path: Path) -> None:
    content = SmallModel().content()
    for size in range(0, len(content), 7):
        (tmp_path / "model.ftz").write_bytes(content[:size])
        with pytest.raises(ValueError, match=r"ends early|empty file"):
            read_fasttext_file(tmp_path / "model.ftz")


def test_any_byte_may_be_damaged(tmp_path: Path) -> None:
    """What is read is a model whose numbers fit each other, or an error, and never another exception."""
    content = SmallModel(buckets=61).content()
    header = 8 + 12 * 4  # a damaged number of buckets is a large table
    for place in range(header, 700):
        (tmp_path / "model.ftz").write_bytes(content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :])
        try:
            file = read_fasttext_file(tmp_path / "model.ftz")
        except ValueError:
            continue
        assert file is None or file.row_of_bucket.max() < len(file.inputs)
