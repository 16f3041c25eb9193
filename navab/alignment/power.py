"""How many independent triples it takes to see a gain."""

from __future__ import annotations

import math

from scipy.special import ndtri


def triples_needed(gain: float, discordant: float, *, level: float = 0.05, power: float = 0.8) -> int:
    """Independent triples at which a gain in the correct rate is found with a chance of `power`.

    `discordant` is the share of triples that the model decides otherwise after alignment than before, at least the
    gain itself. McNemar's test, two-sided (Connor 1987).
    """
    if not 0 < gain <= discordant <= 1:
        raise ValueError(f"a gain of {gain} needs a share of changed triples between it and 1, not {discordant}")
    certainty, chance = (float(ndtri(quantile)) for quantile in (1 - level / 2, power))
    spread = certainty * math.sqrt(discordant) + chance * math.sqrt(discordant - gain**2)
    return math.ceil((spread / gain) ** 2)
