"""Tags without a model: the words that an article's title and beginning say most often."""

from __future__ import annotations

from collections import Counter

from navab.models.responses import ArticleTags
from navab.topics.keywords import stop_words, tokenize

_TITLE_WEIGHT = 2
_MOST = 3
_CHARS = 600


def tag_article(title: str, text: str, language: str) -> ArticleTags:
    """The commonest words that are no stop words; a word of the title counts twice as much."""
    common = stop_words((language,))
    counts = Counter[str]()
    for words, weight in ((tokenize(title), _TITLE_WEIGHT), (tokenize(text[:_CHARS]), 1)):
        for word in words:
            if word not in common:
                counts[word] += weight
    best = sorted(counts, key=lambda word: (-counts[word], -len(word), word))[:_MOST]
    return ArticleTags(tags=best)
