"""Groups of articles with like texts, and the canonical article of each, crawl by crawl.

Known articles and their canonicals come first; those of a crawl are grouped with each other and with all before them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from navab.lake.hashing import Int64Array
from navab.lake.joins import Mask
from navab.text.bands import Forest, Near, SharedBand, join_near

_NONE = np.iinfo(np.int64).max
KNOWN = -1  # as the crawl of articles that have a canonical


@dataclass(frozen=True)
class Articles:
    """Articles in the order in which they come: known ones, then crawl after crawl.

    `texts` are numbered as they first come; `ranks` number the articles in the order in which they are preferred as
    canonical; `canonicals` of known ones are rows; `led` marks new ones that were canonical in former decisions.
    """

    texts: Int64Array
    crawls: Int64Array
    ranks: Int64Array
    canonicals: Int64Array
    led: Mask

    @cached_property
    def leaders(self) -> Int64Array:
        """The rank of the canonical that each known text repeats: the first one, if its articles repeat several."""
        known = np.flatnonzero(self.crawls == KNOWN)
        ranks = np.full(int(self.texts.max(initial=-1)) + 1, _NONE)
        np.minimum.at(ranks, self.texts[known], self.ranks[self.canonicals[known]])
        return ranks


def find_canonicals(articles: Articles, bands: list[SharedBand], near: Near) -> Int64Array:
    """The row of each article's canonical.

    Groups are transitive. In a group with canonicals of earlier crawls the first of them by rank stays canonical, else
    the first article. A group that is all new is then given to an article that led before, if it has one.
    """
    walk = _Walk(articles, near)
    found = articles.canonicals.copy()
    highest = np.maximum.accumulate(articles.texts) + 1  # the end of the texts that have come
    for crawl in range(int(articles.crawls.max(initial=KNOWN)) + 1):
        first, end = np.searchsorted(articles.crawls, [crawl, crawl + 1])
        if first < end:
            new_texts = range(int(highest[first - 1]) if first else 0, int(highest[end - 1]))
            found[first:end] = walk.join(slice(first, end), new_texts, bands)
    return _led(articles, found)


class _Walk:
    """What is settled after each crawl: groups of texts, the rank of each group's canonical, and a text of its group.

    Groups of known texts are told by their canonicals alone, not by texts that two groups have in common: what is
    decided depends on no known text but those that are compared.
    """

    def __init__(self, articles: Articles, near: Near) -> None:
        self._articles, self._near = articles, near
        self._by_rank = np.argsort(articles.ranks)
        self._leaders = articles.leaders.copy()  # by text
        self._texts = np.full(len(articles.ranks), _NONE)  # by rank
        known = np.flatnonzero(self._leaders < _NONE)
        np.minimum.at(self._texts, self._leaders[known], known)
        groups = np.arange(len(self._leaders))
        groups[known] = self._texts[self._leaders[known]]
        self._forest = Forest(groups)

    def join(self, new: slice, new_texts: range, bands: list[SharedBand]) -> Int64Array:
        """Canonicals of the articles of a crawl.

        Pairs that connect two settled groups decide for the crawl's own articles; the groups stay two.
        """
        texts = self._articles.texts[new]
        forest = self._forest.copy()
        pairs = join_near(bands, new_texts, self._near, forest)
        concerned = self._forest.roots(np.unique(np.concatenate([texts, pairs.ravel()])))
        joined, group = np.unique(forest.roots(np.concatenate([concerned, texts])), return_inverse=True)
        before, own = np.full(len(joined), _NONE), np.full(len(joined), _NONE)
        np.minimum.at(before, group[: len(concerned)], self._leaders[concerned])
        np.minimum.at(own, group[len(concerned) :], self._articles.ranks[new])
        ranks = np.where(before < _NONE, before, own)[group[len(concerned) :]]
        lead = ranks == self._articles.ranks[new]
        self._texts[ranks[lead]] = texts[lead]
        others = self._texts[ranks]
        self._forest.join_all(np.stack([texts, others], axis=1)[texts != others])
        self._leaders[self._forest.roots(others)] = ranks
        return self._by_rank[ranks]


def _led(articles: Articles, found: Int64Array) -> Int64Array:
    """Canonicals where groups that are all new go to the first by rank of those that led before."""
    leads = np.flatnonzero(articles.led & (articles.crawls[found] != KNOWN))
    first = np.full(len(found), _NONE)
    np.minimum.at(first, found[leads], articles.ranks[leads])
    ranks = np.where(first < _NONE, first, articles.ranks)
    return np.argsort(articles.ranks)[ranks[found]]
