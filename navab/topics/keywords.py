"""Keywords of topics by class-based TF-IDF (Grootendorst 2022), and made diverse."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence, Set
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float32]
Embed = Callable[[Sequence[str]], Vector]

_WORD = re.compile(r"[^\W\d_]{2,}")
_HAN = re.compile(r"[\u3400-\u9fff]+")
_CHARS = 2000
_COMMON_SHARE = 0.2
_COMMON_TOPICS = 1.5  # a word is not common before it is in the texts of more topics than one
_CANDIDATES = 4  # for each keyword
_DIVERSITY = 0.3


def keywords(
    texts_by_topic: Sequence[Sequence[str]],
    languages: Sequence[str] = (),
    count: int = 8,
    embed: Embed | None = None,
) -> list[list[str]]:
    """The words that set each topic apart from the others, best first.

    A word's weight is its frequency in the topic times log(1 + average topic length / frequency in all topics);
    stop words of the languages and words in more than a fifth of all texts are no keywords (where topics are few, in
    more than one and a half topics' share of them). With `embed`, words that
    say what a better one says already give way to others (maximal marginal relevance).
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
    limit = total * max(_COMMON_SHARE, _COMMON_TOPICS / max(len(classes), 1))
    common = stop_words(tuple(languages)) | {word for word, n in documents.items() if total >= 10 and n > limit}
    most = count if embed is None else count * _CANDIDATES
    weighted = [_best(words, everywhere, average, common, most) for words in classes]
    if embed is None:
        return [[word for word, _ in best] for best in weighted]
    distinct = sorted({word for best in weighted for word, _ in best})
    vectors = dict(zip(distinct, embed(distinct), strict=True))
    return [_diverse(best, vectors, count) for best in weighted]


def _diverse(weighted: Sequence[tuple[str, float]], vectors: Mapping[str, Vector], count: int) -> list[str]:
    """Maximal marginal relevance (Carbonell and Goldstein 1998): weight less likeness to what is chosen already."""
    top = max((weight for _, weight in weighted), default=0.0) or 1.0
    chosen: list[str] = []
    left = {word: weight / top for word, weight in weighted}
    while left and len(chosen) < count:
        likeness = {word: max((float(vectors[word] @ vectors[one]) for one in chosen), default=0.0) for word in left}
        best = max(left, key=lambda word: (1 - _DIVERSITY) * left[word] - _DIVERSITY * likeness[word])
        chosen.append(best)
        del left[best]
    return chosen


def tokenize(text: str) -> list[str]:
    """Casefolded words of at least four letters, and words of at least two characters of Chinese (jieba)."""
    beginning = text[:_CHARS].casefold()
    words = [word for word in _WORD.findall(_HAN.sub(" ", beginning)) if len(word) > 3]
    chinese = [word for run in _HAN.findall(beginning) for word in _segmenter().lcut(run)]
    return words + [word for word in chinese if len(word) > 1]


def _best(
    words: Counter[str], everywhere: Counter[str], average: float, common: Set[str], count: int
) -> list[tuple[str, float]]:
    kept = {word: n for word, n in words.items() if word not in common} or dict(words)
    length = max(sum(words.values()), 1)
    weights = {word: n / length * float(np.log1p(average / everywhere[word])) for word, n in kept.items()}
    return sorted(weights.items(), key=lambda item: (-item[1], item[0]))[:count]


@cache
def stop_words(languages: tuple[str, ...]) -> frozenset[str]:
    """Stop words of some languages (ISO 639-1), none of those that have no list."""
    import stopwordsiso  # noqa: PLC0415  (reads its lists on import)

    return frozenset(stopwordsiso.stopwords([code for code in languages if stopwordsiso.has_lang(code)]))


@cache
def _segmenter() -> Any:
    import jieba  # noqa: PLC0415  (loads its dictionary, needed only for Chinese)

    jieba.setLogLevel(logging.WARNING)
    return jieba.Tokenizer()
