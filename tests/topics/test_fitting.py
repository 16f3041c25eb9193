"""Fitting: the rows of a nation's topics, and ids that are never used again for something else."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from navab.models.embedder import Vectors
from navab.models.rules.engine import RulesEngine
from navab.models.universal_encoder import UniversalEncoder
from navab.topics.clustering import Clustering
from navab.topics.fitting import Fit, Fitted, Fitting, Sample, fit_topics
from navab.topics.model import Tagging
from navab.topics.naming import Article, Namer

SUBJECTS = ("asylum", "football", "flood", "orchestra")
OPTIONS = Fitting(Clustering(min_size=10, neighbors=10), Tagging(50, 5, 0.75), threshold=0.2, languages=("en",))


@pytest.fixture(scope="module")
def encoder() -> UniversalEncoder:
    return UniversalEncoder()


def vectors(each: int) -> Vectors:
    """Unit vectors in as many directions as there are subjects, one after the other."""
    chance = np.random.default_rng(0)
    wide = np.eye(512, dtype=np.float32)[: len(SUBJECTS)].repeat(each, axis=0)
    wide += 0.05 * chance.standard_normal(wide.shape, dtype=np.float32)
    unit: Vectors = wide / np.linalg.norm(wide, axis=1, keepdims=True)
    return unit


def sample(each: int = 40, previous: Sequence[int | None] | None = None) -> Sample:
    articles = [Article(f"About {name}", f"The {name} was reported.", "en") for name in SUBJECTS for _ in range(each)]
    ids = np.arange(len(articles), dtype=np.int64) + 1000
    return Sample(ids, vectors(each), articles, previous or [None] * len(articles))


def fit(encoder: UniversalEncoder, of: Sample, **known: object) -> Fitted:
    facts: dict[str, object] = {"generation": 0, "fitted_on": len(of.ids), "lineage": {}, "labels": {}, "words": {}}
    made = Fit("uk", 17, **(facts | known))  # type: ignore[arg-type]
    return fit_topics(of, made, OPTIONS, Namer(RulesEngine(), "uk", "en"), encoder)


def test_every_subject_is_a_topic_named_by_its_words(encoder: UniversalEncoder) -> None:
    found = fit(encoder, sample())
    assert sorted(row["keywords"][0] for row in found.topics) == sorted(SUBJECTS)
    assert {change["event"] for change in found.changes} == {"born"}
    assert sum(row["size"] for row in found.topics) <= 40 * len(SUBJECTS)


def test_a_new_topic_gets_no_id_that_another_one_has_or_had(encoder: UniversalEncoder) -> None:
    """Options are those of an earlier fit again: a topic of that time lives on, or a person spoke of it."""
    first = {row["topic_id"] for row in fit(encoder, sample()).topics}
    kept, gone, heard, _ = sorted(first)
    again = fit(encoder, sample(), lineage={kept: None, 5: [gone]}, words={heard: True})
    ids = [row["topic_id"] for row in again.topics]
    assert len(set(ids)) == len(ids) == len(SUBJECTS)
    assert not {kept, gone, heard} & set(ids)
    assert {row["decided_by"] for row in again.topics} == {"embedding"}, "a word on another topic decides nothing"


def test_a_topic_that_goes_on_keeps_its_id(encoder: UniversalEncoder) -> None:
    old = fit(encoder, sample()).topics
    had = {article: row["topic_id"] for row in old for article in row["members"]}
    again = sample()
    again = sample(previous=[had.get(one) for one in again.ids.tolist()])
    found = fit(encoder, again, lineage={row["topic_id"]: None for row in old})
    assert {row["topic_id"] for row in found.topics} == set(had.values())
    assert {change["event"] for change in found.changes} == {"kept"}


def test_a_word_goes_over_to_the_topic_that_most_articles_came_from_and_no_further(encoder: UniversalEncoder) -> None:
    old = fit(encoder, sample()).topics
    had = {article: row["topic_id"] for row in old for article in row["members"]}
    again = sample(previous=[had.get(one) for one in sample().ids.tolist()])
    heard, *others = (row["topic_id"] for row in old)
    lineage = {row["topic_id"]: [heard] for row in old}  # once all came from it: it was said later
    found = {row["topic_id"]: row for row in fit(encoder, again, lineage=lineage, words={heard: True}).topics}
    assert (found[heard]["sensitive"], found[heard]["decided_by"]) == (True, "person")
    assert {found[one]["decided_by"] for one in others} == {"embedding"}


def test_a_topic_without_an_article_in_the_sample_has_died_and_its_word_with_it(encoder: UniversalEncoder) -> None:
    found = fit(encoder, sample(), lineage={5: None}, labels={5: "shipyards"}, words={5: True})
    (died,) = [change for change in found.changes if change["event"] == "died"]
    assert died["related"] == [5]
    assert (died["label"], died["related_labels"]) == ("shipyards", ["shipyards"])
    assert "decide anew" in died["note"]


@pytest.mark.parametrize("threads", [2, 4])
def test_the_number_of_threads_does_not_matter(encoder: UniversalEncoder, threads: int) -> None:
    """To the last bit, on more vectors than are compared at a time."""
    with threadpool_limits(limits=1, user_api="blas"):
        one = fit(encoder, sample(each=300))
    with threadpool_limits(limits=threads, user_api="blas"):
        other = fit(encoder, sample(each=300))
    assert one == other
