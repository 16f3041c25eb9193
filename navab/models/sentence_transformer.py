"""Any sentence-transformers model, by path or hub id, on a GPU if there is one (an extra: torch is no base package)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from navab.errors import EngineError

_GPU_BATCH = 64


class SentenceTransformerEmbedder:
    """Embeds texts as unit vectors, shape (n, dimensions), dtype float32.

    On a CPU texts are encoded one by one, so that a vector depends on nothing but its text. On a GPU they are encoded
    in float16 (unless `precision` says otherwise) in batches of similar length, so that little is padding: there the
    last bits may depend on the texts that come together.
    """

    def __init__(self, model: str, precision: str = "auto", batch: int | None = None) -> None:
        import torch  # noqa: PLC0415  (an extra)
        from sentence_transformers import SentenceTransformer  # noqa: PLC0415  (an extra)

        self.name = model
        self._on_gpu = bool(torch.cuda.is_available())
        self._batch = batch or (_GPU_BATCH if self._on_gpu else 1)
        half = precision == "float16" or (precision == "auto" and self._on_gpu)
        try:
            self._model: Any = SentenceTransformer(
                model,
                device="cuda" if self._on_gpu else "cpu",
                model_kwargs={"dtype": torch.float16 if half else torch.float32},
            )
        except (OSError, ValueError) as error:
            reason = " ".join(str(error).split())[:200]
            raise EngineError(
                f"embedder {model} cannot be loaded: {reason}; set embedder.model to a path or hub id"
            ) from error

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        if not texts:
            return np.empty((0, self._model.get_embedding_dimension()), dtype=np.float32)
        # Sorted by length, longest first, by sentence-transformers itself.
        vectors = self._model.encode(list(texts), batch_size=self._batch, show_progress_bar=False)
        wide = np.asarray(vectors, dtype=np.float32)
        unit: npt.NDArray[np.float32] = wide / np.maximum(np.linalg.norm(wide, axis=1, keepdims=True), 1e-12)
        return unit
