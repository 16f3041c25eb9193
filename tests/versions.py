"""Made texts that share as much with each other as a test asks for."""

from __future__ import annotations

import random

_LETTERS = random.Random(0)
WORDS = ["".join(_LETTERS.choices("abcdefghijklmnopqrstuvwxyz", k=7)) for _ in range(4000)]


def versions(share: float, seed: int) -> tuple[str, str]:
    """Two texts of 400 words; the second repeats a share of the first."""
    chance = random.Random(seed)
    left = chance.sample(WORDS, 400)
    kept = round(share * 400)
    return "".join(left), "".join(left[:kept] + chance.sample(WORDS, 400 - kept))
