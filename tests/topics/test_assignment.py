"""Assignment: members keep their topic, others go to the nearest cluster, a topic of tags, or the nearest of all."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from navab.topics.assignment import assign

# Two clusters along the first and the second axis, and a topic of tags along the third.
TOPICS = pl.DataFrame(
    {
        "topic_id": [20, 10, 30],
        "kind": ["cluster", "cluster", "tag"],
        "centroid": [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        "min_similarity": [0.8, 0.6, 0.9],
        "floor_similarity": [0.7, 0.5, 0.9],
        "members": [[1, 2], [3], [4]],
    },
    schema_overrides={
        "centroid": pl.List(pl.Float32),
        "min_similarity": pl.Float32,
        "floor_similarity": pl.Float32,
    },
)


def unit(*vector: float) -> list[float]:
    return [value / float(np.linalg.norm(vector)) for value in vector]


def decide(ids: list[int], *vectors: list[float], topics: pl.DataFrame = TOPICS) -> list[tuple[int | None, str]]:
    found = assign(pl.Series("article_id", ids), np.array(vectors, dtype=np.float32), topics)
    return found.select("topic_id", "assigned_by").rows()


def test_the_nearest_cluster_within_its_limit() -> None:
    decided = decide([7, 8, 9], unit(1, 0.1, 0), unit(0.1, 1, 0), unit(-1, 0, 0))
    assert decided == [(20, "vector"), (10, "vector"), (None, "none")]


def test_every_topic_has_its_own_limit() -> None:
    assert decide([7], unit(2, 0, 2.2)) == [(None, "none")]  # cosine 0.67: too far from the first
    assert decide([8], unit(0, 2, 2.2)) == [(10, "vector")]  # cosine 0.67: near enough to the second


def test_a_topic_of_tags_comes_after_clusters_and_before_what_is_merely_near() -> None:
    assert decide([7], unit(0, 0.3, 1)) == [(30, "tag")]
    assert decide([7], unit(1, 0, 0.9)) == [(20, "vector")]  # cosine 0.74: within the floor alone


def test_members_stay_in_their_topic_wherever_they_lie() -> None:
    decided = decide([3, 1, 4], unit(1, 0, 0), unit(0, 0, 1), unit(1, 0, 0))
    assert decided == [(10, "cluster"), (20, "cluster"), (30, "tag")]


def test_topics_of_older_lakes_have_neither_kind_nor_floor() -> None:
    old = TOPICS.head(2).with_columns(
        pl.lit(None, pl.String).alias("kind"), pl.lit(None, pl.Float32).alias("floor_similarity")
    )
    assert decide([7, 8], unit(1, 0.1, 0), unit(2, 0, 2.2), topics=old) == [(20, "vector"), (None, "none")]


def test_probability_is_the_cosine_to_the_chosen_topic() -> None:
    found = assign(pl.Series("article_id", [3, 9]), np.array([unit(1, 1, 0), unit(3, 4, 0)], dtype=np.float32), TOPICS)
    assert found["probability"].to_list() == pytest.approx([0.5**0.5, 0.8], abs=1e-5)


VECTORS = st.lists(
    st.tuples(*[st.integers(-3, 3)] * 3).filter(any).map(lambda one: unit(*one)), min_size=1, max_size=10
)


@given(VECTORS, st.permutations(range(3)))
def test_every_article_is_assigned_by_itself(vectors: list[list[float]], order: list[int]) -> None:
    """Neither the other articles nor the order of the topics matter."""
    matrix = np.array(vectors, dtype=np.float32)
    ids = pl.Series("article_id", range(len(vectors)))
    whole = assign(ids, matrix, TOPICS)
    single = [assign(ids[row : row + 1], matrix[row : row + 1], TOPICS[order]) for row in range(len(vectors))]
    assert whole.select("topic_id", "assigned_by").equals(pl.concat(single).select("topic_id", "assigned_by"))
