"""TRL's trainers by key, and the columns that each reads."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from navab.errors import ConfigurationError, EngineError

INSTALL = "pip install 'navab[alignment]'"
_NEEDED = ("torch", "transformers", "trl", "peft")


@dataclass(frozen=True, slots=True)
class Trainer:
    """Where TRL has a trainer and its configuration, and what it learns from: `rows` a pair."""

    module: str
    name: str
    columns: Callable[[pl.DataFrame], pl.DataFrame]
    rows: int = 1

    def load(self) -> tuple[Any, Any]:
        """The classes of trainer and configuration."""
        module = importlib.import_module(self.module)
        return getattr(module, f"{self.name}Trainer"), getattr(module, f"{self.name}Config")


def preferences(pairs: pl.DataFrame) -> pl.DataFrame:
    """Prompt, chosen and rejected."""
    return pairs.select("prompt", "chosen", "rejected")


def completions(pairs: pl.DataFrame) -> pl.DataFrame:
    """Prompt and the chosen text."""
    return pairs.select("prompt", pl.col("chosen").alias("completion"))


def judged(pairs: pl.DataFrame) -> pl.DataFrame:
    """Prompt, one text and whether it is wanted: two rows a pair."""
    sides = [
        pairs.select("prompt", pl.col(column).alias("completion"), pl.lit(wanted).alias("label"))
        for column, wanted in (("chosen", True), ("rejected", False))
    ]
    return pl.concat(side.with_row_index("pair") for side in sides).sort("pair", maintain_order=True).drop("pair")


TRAINERS: Mapping[str, Trainer] = {
    "dpo": Trainer("trl", "DPO", preferences),
    "sft": Trainer("trl", "SFT", completions),
    "kto": Trainer("trl", "KTO", judged, rows=2),
    "orpo": Trainer("trl.experimental.orpo", "ORPO", preferences),
    "cpo": Trainer("trl.experimental.cpo", "CPO", preferences),
}


def trainer_of(method: str) -> Trainer:
    """The trainer of a key; raises ConfigurationError if there is none."""
    if method not in TRAINERS:
        raise ConfigurationError(f"alignment.method '{method}': known methods are {', '.join(TRAINERS)}")
    return TRAINERS[method]


def check_installed() -> None:
    """Raise EngineError if what trains models is not installed."""
    for module in _NEEDED:
        if importlib.util.find_spec(module) is None:
            raise EngineError(f"alignment needs {module}: {INSTALL}")
