"""Embedders by configuration: which nation has which, what identifies it, and what is said if it is missing."""

from __future__ import annotations

import importlib.util

import pytest

from navab.errors import EngineError
from navab.models.embedder import Embedders, check_embedders, load_embedder
from navab.models.universal_encoder import UniversalEncoder
from navab.options.topics import EmbedderSection

TWO = Embedders(EmbedderSection(), {"de": "org/german"})


def test_a_nations_own_model_goes_before_the_configurations() -> None:
    assert TWO.identity("de") == {"kind": "sentence-transformers", "model": "org/german"}
    assert TWO.identity("uk") == {"kind": "use", "model": None}


def test_what_changes_no_vector_is_no_part_of_the_identity() -> None:
    fast = Embedders(EmbedderSection(batch=256), {})
    assert fast.identity("uk") == TWO.identity("uk")
    forgotten = Embedders(EmbedderSection(model="org/other", precision="float16"), {})
    assert forgotten.identity("uk") == TWO.identity("uk"), "they are for sentence-transformers"
    half = Embedders(EmbedderSection(kind="sentence-transformers", model="m", precision="float16"), {})
    assert "float16" in half.identity("uk").values()


def test_gpus_are_asked_for_only_where_a_model_can_use_them() -> None:
    sections = [EmbedderSection(gpus=0.5), EmbedderSection(gpus=0.5, kind="sentence-transformers", model="any")]
    assert [Embedders(section, {"fr": "its/own"}).gpus(["us"]) for section in sections] == [0.0, 0.5]
    assert Embedders(sections[0], {"fr": "its/own"}).gpus(["us", "fr"]) == 0.5


def test_an_embedder_is_loaded_once() -> None:
    assert isinstance(load_embedder(EmbedderSection()), UniversalEncoder)
    assert load_embedder(EmbedderSection()) is load_embedder(EmbedderSection(batch=3))


@pytest.mark.skipif(
    importlib.util.find_spec("sentence_transformers") is not None, reason="sentence-transformers is installed"
)
def test_a_missing_package_is_one_line_with_the_command_that_installs_it() -> None:
    check_embedders(TWO, ["uk", "fr"])  # no nation here needs it
    with pytest.raises(EngineError, match=r"pip install 'navab\[sentence-transformers\]'"):
        check_embedders(TWO, ["uk", "de"])
