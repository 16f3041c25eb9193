"""What identifies a model: all that decides its scores, and nothing that does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from navab.evaluation.scorers.load import identity
from navab.options.evaluation import ModelSection


@pytest.mark.parametrize(
    "name", ["model.safetensors", "config.json", "chat_template.jinja", "tokenizer.model", "merges.txt"]
)
def test_any_file_that_a_model_is_made_of_tells_folders_apart(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("one")
    section = ModelSection(model=str(tmp_path))
    before = identity(section)
    (tmp_path / "README.md").write_text("not the model")
    assert identity(section) == before
    (tmp_path / name).write_text("two")
    assert identity(section) != before


def test_what_a_template_is_told_is_part_of_it_where_it_is_told_something() -> None:
    plain = identity(ModelSection(model="m"))
    told = identity(ModelSection(model="m", chat_template_kwargs={"enable_thinking": False}))
    assert told == plain | {"chat_template_kwargs": {"enable_thinking": False}}
    assert "chat_template_kwargs" not in plain
