"""What bfloat16 or int8 (AMX, where the processor has it) would add to embedding in float32.

.venv-models/bin/python -m benchmarks.embedding_precision      about 2 minutes; needs `make models`, ../shared/data

navab embeds with numpy in float32. Here the same encoder multiplies its second convolutions, the largest products, with
torch in another precision: bfloat16 throughout, or int8 with a scale for every row and column. One thread, CPU time,
the best of three rounds in turns; beside each rate what it does to the vectors.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np
import torch

from benchmarks.embedding import ROUNDS, lead_texts
from navab.models.universal_encoder import Floats, UniversalEncoder


class Float32Product:
    """A matrix whose products are numpy's, timed."""

    __array_ufunc__ = None  # a product with an array is ours

    def __init__(self, weights: Floats) -> None:
        self._weights = weights
        self.seconds = 0.0

    def __rmatmul__(self, left: Floats) -> Floats:
        started = time.process_time()
        product = self._multiply(left)
        self.seconds += time.process_time() - started
        return product

    def _multiply(self, left: Floats) -> Floats:
        product: Floats = left @ self._weights
        return product


class BFloat16Product(Float32Product):
    """The same with both sides rounded to bfloat16, sums in float32."""

    def __init__(self, weights: Floats) -> None:
        super().__init__(weights)
        self._rounded = torch.from_numpy(weights).bfloat16()

    def _multiply(self, left: Floats) -> Floats:
        product: Floats = (torch.from_numpy(left).bfloat16() @ self._rounded).float().numpy()
        return product


class Int8Product(Float32Product):
    """The same with both sides in int8: a scale for every row on the left, for every column on the right."""

    def __init__(self, weights: Floats) -> None:
        super().__init__(weights)
        matrix = torch.from_numpy(weights)
        self._scale = matrix.abs().amax(dim=0) / 127
        self._rounded = (matrix / self._scale).round().to(torch.int8)

    def _multiply(self, left: Floats) -> Floats:
        rows = torch.from_numpy(left)
        scale = rows.abs().amax(dim=1, keepdim=True).clamp(min=1e-9) / 127
        sums = torch._int_mm((rows / scale).round().to(torch.int8), self._rounded)
        product: Floats = (sums.float() * scale * self._scale).numpy()
        return product


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=1000)
    texts = lead_texts(parser.parse_args().texts)
    torch.set_num_threads(1)
    kinds = {"float32": Float32Product, "bfloat16": BFloat16Product, "int8": Int8Product}
    encoders = {name: UniversalEncoder() for name in kinds}
    products = {name: _replace_products(encoder, kinds[name]) for name, encoder in encoders.items()}
    best, share, vectors = dict.fromkeys(kinds, float("inf")), dict.fromkeys(kinds, 0.0), {}
    for _ in range(ROUNDS):
        for name, encoder in encoders.items():
            for product in products[name]:
                product.seconds = 0.0
            started = time.process_time()
            vectors[name] = encoder.encode(texts)
            seconds = time.process_time() - started
            if seconds < best[name]:
                best[name], share[name] = seconds, sum(product.seconds for product in products[name]) / seconds
    print(f"torch {torch.__version__}; AMX in bfloat16: {torch.cpu._is_amx_tile_supported()}; {len(texts):,} texts")
    for name, seconds in best.items():
        cosines = (vectors[name] * vectors["float32"]).sum(axis=1)
        print(
            f"{name:<9} {len(texts) / seconds:7.1f} texts a CPU second, {best['float32'] / seconds:.2f} times float32; "
            f"these products {100 * share[name]:.0f} % of it; cosine to float32 at least {cosines.min():.5f}, "
            f"mean {np.mean(cosines):.5f}"
        )


def _replace_products(encoder: UniversalEncoder, kind: type[Float32Product]) -> list[Float32Product]:
    """Have the second convolutions of an encoder multiplied in another way."""
    weights: Any = encoder._weights
    weights.second = [kind(one) for one in weights.second]
    return list(weights.second)


if __name__ == "__main__":
    main()
