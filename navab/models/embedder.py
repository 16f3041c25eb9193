"""Sentence embedders: text in, unit vectors out, the same for a text whatever is embedded beside it."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np
import numpy.typing as npt

from navab.errors import EngineError
from navab.models.sentence_transformer import SentenceTransformerEmbedder
from navab.models.universal_encoder import UniversalEncoder
from navab.nations.registry import Nation
from navab.options.topics import EmbedderSection

Vectors = npt.NDArray[np.float32]


class Embedder(Protocol):
    """Embeds texts as unit vectors of shape (n, dimensions), dtype float32."""

    name: str

    def encode(self, texts: Sequence[str]) -> Vectors: ...


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

    def gpus(self, nations: Sequence[str]) -> float:
        """The share of a GPU that who embeds articles of these nations is to have; 0 if no model could use it."""
        kinds = {self.of(nation).kind for nation in nations}
        return self.default.gpus if "sentence-transformers" in kinds else 0.0

    def load(self, nation: str | None) -> Embedder:
        """A nation's embedder, loaded once a process."""
        options = self.of(nation)
        return load_embedder(options)

    def identity(self, nation: str | None) -> dict[str, str | None]:
        """What decides the vector of a given text, for fingerprints: where it is computed does not."""
        options = self.of(nation)
        if options.kind == "use":
            return {"kind": options.kind, "model": None}
        named = {"kind": options.kind, "model": options.model}
        return named if options.precision == "auto" else named | {"precision": options.precision}


def covered_languages(options: EmbedderSection) -> frozenset[str] | None:
    """Languages that an embedder was made for (ISO 639-1); None if it does not declare them."""
    return UniversalEncoder.languages if options.kind == "use" else None


def check_embedders(embedders: Embedders, nations: Sequence[str]) -> None:
    """Raise EngineError in one line if what embeds a nation's articles cannot run here."""
    for options in [embedders.of(code) for code in nations]:
        if options.kind != "sentence-transformers":
            continue
        if importlib.util.find_spec("sentence_transformers") is None:
            raise EngineError(f"embedder {options.kind} is not installed: pip install 'navab[sentence-transformers]'")
        if not options.model:
            raise EngineError("embedder sentence-transformers needs embedder.model: a path or hub id")


def load_embedder(options: EmbedderSection) -> Embedder:
    """The embedder of a configuration, loaded once a process."""
    if options.kind == "sentence-transformers" and options.model:
        return _sentence_transformer(options.model, options.precision, options.batch)
    return _universal_encoder()


@cache
def _universal_encoder() -> UniversalEncoder:
    return UniversalEncoder()


@cache
def _sentence_transformer(model: str, precision: str, batch: int | None) -> SentenceTransformerEmbedder:
    return SentenceTransformerEmbedder(model, precision, batch)
