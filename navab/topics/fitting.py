"""Fit a nation's topics on a sample: find them, know the old ones again, name them and say how sensitive they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count
from typing import Any

import numpy as np

from navab.lake.hashing import Int64Array, text_hash
from navab.models.embedder import Embedder, Vectors
from navab.topics.clustering import Clustering
from navab.topics.keywords import keywords
from navab.topics.matching import Change, lineage
from navab.topics.model import Tagging, Topic, compare, find_topics
from navab.topics.naming import Article, Label, Namer
from navab.topics.sensitivity import Screen, build_screen, value_areas

_KEYWORD_TEXTS = 200  # of a topic
_DECIDE_ANEW = "a person's word on a topic that is gone: decide anew"


@dataclass(frozen=True, slots=True)
class Sample:
    """The articles that topics are fitted on, by article_id; `previous` are the topics that they had before."""

    ids: Int64Array
    vectors: Vectors
    articles: Sequence[Article]
    previous: Sequence[int | None]

    def of(self, topic: Topic, most: int | None = None) -> list[Article]:
        """The first members of a topic."""
        return [self.articles[row] for row in topic.cluster.members[:most]]


@dataclass(frozen=True, slots=True)
class Fit:
    """Which fit it is, and what is known from earlier ones: old topics' lineage and labels, and the words that hold."""

    nation: str
    fingerprint: int
    generation: int
    fitted_on: int
    lineage: Mapping[int, Sequence[int] | None]
    labels: Mapping[int, str]
    words: Mapping[int, bool]

    def label_of(self, topic: int) -> str:
        """The label of an old topic, or else its id."""
        return self.labels.get(topic) or str(topic)

    def new_id(self, topic: Topic, first: int) -> int:
        """The id of a topic that no older one continues, from its first member; none that is or was another topic's.

        A nation whose options return to what they were would otherwise meet the ids of that time.
        """
        taken = {*self.lineage, *chain.from_iterable(filter(None, self.lineage.values())), *self.words}
        of = (self.nation, str(self.fingerprint), topic.kind, str(first))
        ids = (text_hash(*of, *["again"] * times) for times in count())
        return next(one for one in ids if one not in taken)


@dataclass(frozen=True, slots=True)
class Fitting:
    """How topics are fitted; from `threshold` on a topic is sensitive."""

    clustering: Clustering
    tagging: Tagging
    threshold: float
    languages: Sequence[str]


@dataclass(frozen=True, slots=True)
class Fitted:
    """Rows of the tables `topics` and `topic_changes`."""

    topics: list[dict[str, Any]]
    changes: list[dict[str, Any]]


def fit_topics(sample: Sample, fit: Fit, options: Fitting, namer: Namer, embedder: Embedder) -> Fitted:
    """Fit the topics of a sample; the same on any machine."""
    topics = find_topics(
        sample.vectors,
        options.clustering,
        options.tagging,
        lambda rows: namer.tag([sample.articles[row] for row in rows]),
        embedder.encode,
        sample.previous,
    )
    seen = set(sample.previous)
    unseen = [Change("died", None, None, (topic,)) for topic in sorted(fit.lineage) if topic not in seen]
    changes = compare(topics, sample.ids, sample.vectors, sample.previous) + unseen
    texts = [[article.whole for article in sample.of(topic, _KEYWORD_TEXTS)] for topic in topics]
    words = keywords(texts, options.languages, embed=embedder.encode)
    labels = namer.label(words, [sample.of(topic) for topic in topics])
    screen = build_screen(value_areas(), embedder)
    made = [
        {
            **_identity(sample, topic, change, fit),
            **_name(label, best),
            **_decision(sample.vectors[topic.cluster.members], screen, options.threshold),
        }
        for topic, change, label, best in zip(topics, changes, labels, words, strict=False)  # changes: also of the dead
    ]
    rows = [row | _persons_word(row, change, fit) for row, change in zip(made, changes, strict=False)]
    return Fitted(rows, [_change(change, rows, fit) for change in changes])


def _identity(sample: Sample, topic: Topic, change: Change, fit: Fit) -> dict[str, Any]:
    members = sorted(sample.ids[topic.cluster.members].tolist())
    topic_id = fit.new_id(topic, members[0]) if change.kept is None else change.kept
    return {
        "topic_id": topic_id,
        "nation": fit.nation,
        "fingerprint": fit.fingerprint,
        "size": len(members),
        "centroid": topic.cluster.centroid.tolist(),
        "min_similarity": topic.cluster.min_similarity,
        "floor_similarity": topic.cluster.floor_similarity,
        "members": members,
        "kind": topic.kind,
        "lineage": lineage(topic_id, change, fit.lineage),
        "generation": fit.generation,
        "fitted_on": fit.fitted_on,
    }


def _name(label: Label, words: Sequence[str]) -> dict[str, Any]:
    return {"label": label.text, "label_native": label.native, "keywords": list(words)}


def _decision(vectors: Vectors, screen: Screen, threshold: float) -> dict[str, Any]:
    scores, _ = screen.score(vectors)
    sensitivity = float(np.mean(scores))
    return {"sensitive": sensitivity >= threshold, "sensitivity": sensitivity, "decided_by": "embedding"}


def _persons_word(row: Mapping[str, Any], change: Change, fit: Fit) -> dict[str, Any]:
    """What a person said of a topic, or else of the one that most of its articles came from."""
    for topic in (row["topic_id"], *change.related[:1]):
        if topic in fit.words:
            return {"sensitive": fit.words[topic], "decided_by": "person"}
    return {}


def _change(change: Change, rows: Sequence[Mapping[str, Any]], fit: Fit) -> dict[str, Any]:
    """One row for every topic, and one for every topic that died.

    A word is lost if it was said of an earlier topic and is not what holds for this one.
    """
    row = rows[change.topic] if change.topic is not None else None
    holds = row["sensitive"] if row and row["decided_by"] == "person" else None
    lost = any(fit.words.get(topic, holds) != holds for topic in change.related)
    return {
        "topic_id": row["topic_id"] if row else change.related[0],
        "nation": fit.nation,
        "fingerprint": fit.fingerprint,
        "event": change.event,
        "label": row["label"] if row else fit.label_of(change.related[0]),
        "size": row["size"] if row else 0,
        "related": list(change.related),
        "related_labels": [fit.label_of(topic) for topic in change.related],
        "note": _DECIDE_ANEW if lost else None,
    }
