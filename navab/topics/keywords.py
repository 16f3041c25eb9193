"""Keywords of topics by class-based TF-IDF (Grootendorst 2022)."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Sequence, Set
from functools import cache
from typing import Any

import numpy as np

_WORD = re.compile(r"[^\W\d_]{2,}")
_HAN = re.compile(r"[\u3400-\u9fff]")
_CHARS = 2000
_COMMON_SHARE = 0.2


def keywords(texts_by_topic: Sequence[Sequence[str]], languages: Sequence[str] = (), count: int = 8) -> list[list[str]]:
    """The words that set each topic apart from the others, best first.

    A word's weight is its frequency in the topic times log(1 + average topic length / frequency in all topics);
    stop words of the languages and words in more than a fifth of all texts are no keywords.
    """
    documents = Counter[str]()
    classes = []
    for texts in texts_by_topic:
        words = Counter[str]()
        for text in texts:
            tokens = tokenize(text)
            words.update(tokens)
            documents.update(set(tokens))
        classes.append(words)
    total = sum(len(texts) for texts in texts_by_topic)
    everywhere = sum(classes, Counter[str]())
    average = sum(everywhere.values()) / max(len(classes), 1)
    common = _stop_words(tuple(languages)) | {
        word for word, n in documents.items() if total >= 10 and n > _COMMON_SHARE * total
    }
    return [_best(words, everywhere, average, common, count) for words in classes]


def tokenize(text: str) -> list[str]:
    """Words of at least two letters, casefolded; Chinese runs are segmented by jieba."""
    beginning = text[:_CHARS]
    if _HAN.search(beginning):
        return [word for word in _segmenter().lcut(beginning) if len(word) > 1 and _HAN.match(word)]
    return [word for word in _WORD.findall(beginning.casefold()) if len(word) > 3]


def _best(words: Counter[str], everywhere: Counter[str], average: float, common: Set[str], count: int) -> list[str]:
    kept = {word: n for word, n in words.items() if word not in common} or dict(words)
    length = max(sum(words.values()), 1)
    weights = {word: n / length * float(np.log1p(average / everywhere[word])) for word, n in kept.items()}
    return [word for word, _ in sorted(weights.items(), key=lambda item: (-item[1], item[0]))[:count]]


@cache
def _stop_words(languages: tuple[str, ...]) -> frozenset[str]:
    import stopwordsiso  # noqa: PLC0415  (reads its lists on import)

    return frozenset(stopwordsiso.stopwords([code for code in languages if stopwordsiso.has_lang(code)]))


@cache
def _segmenter() -> Any:
    import jieba  # noqa: PLC0415  (loads its dictionary, needed only for Chinese)

    jieba.setLogLevel(logging.WARNING)
    return jieba.Tokenizer()
