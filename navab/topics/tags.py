"""Topics of outliers from tags (instruction tagging): what engines call articles, put together by meaning."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from navab.lake.hashing import Int64Array
from navab.models.embedder import Vectors
from navab.topics.cosines import cosines_of

Embed = Callable[[Sequence[str]], Vectors]
_EDGES = " \t\n.,;:#\"'“”«»()[]。，、；：《》"
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class TagTopic:
    """Articles that share a tag, by position, and the tag."""

    tag: str
    members: Int64Array


def normalise_tag(tag: str) -> str:
    """A tag without case, marks at its edges and double spaces; empty if nothing is left or it is a sentence."""
    plain = " ".join(unicodedata.normalize("NFKC", tag).casefold().strip(_EDGES).split())
    return plain if len(plain) <= _LONGEST else ""


def consolidate(tags: Sequence[Sequence[str]], embed: Embed, *, min_size: int, min_similarity: float) -> list[TagTopic]:
    """Topics of at least `min_size` articles from the tags of each article, largest first.

    A tag joins the commonest tag that it resembles; an article goes to the largest topic of its tags.
    """
    plain = [tuple(dict.fromkeys(filter(None, map(normalise_tag, own)))) for own in tags]
    leader = _leaders(Counter(tag for own in plain for tag in own), embed, min_similarity)
    waiting = {row: {leader[tag] for tag in own} for row, own in enumerate(plain) if own}
    topics: list[TagTopic] = []
    while True:
        counts = Counter(tag for own in waiting.values() for tag in own)
        tag, size = min(counts.items(), key=lambda item: (-item[1], item[0]), default=("", 0))
        if size < max(min_size, 1):
            return topics
        members = [row for row, own in waiting.items() if tag in own]
        topics.append(TagTopic(tag, np.array(members, dtype=np.int64)))
        for row in members:
            del waiting[row]


def _leaders(counts: Counter[str], embed: Embed, min_similarity: float) -> dict[str, str]:
    """For every tag the commonest one that it resembles, which may be itself."""
    names = sorted(counts, key=lambda tag: (-counts[tag], tag))
    if not names:
        return {}
    vectors = embed(names)
    leaders = np.empty((0,), dtype=np.int64)
    leader: dict[str, str] = {}
    for row, name in enumerate(names):
        cosines = cosines_of(vectors[leaders], vectors[row : row + 1])[:, 0]
        best = int(cosines.argmax()) if len(leaders) else 0
        if len(leaders) and cosines[best] >= min_similarity:
            leader[name] = names[leaders[best]]
        else:
            leaders = np.append(leaders, row)
            leader[name] = name
    return leader
