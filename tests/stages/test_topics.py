"""Topics: members keep their cluster, others take the nearest topic within its limit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from navab.stages.topics import assign
from tests.inprocess import article, open_small, run_until, write_jsonl

# Two topics: along the first and the second axis.
TOPICS = pl.DataFrame(
    {
        "topic_id": [20, 10],
        "centroid": [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]],
        "min_similarity": [0.8, 0.6],
        "members": [[1, 2], [3]],
    },
    schema_overrides={"centroid": pl.List(pl.Float32), "min_similarity": pl.Float32},
)


def unit(*vector: float) -> list[float]:
    return [value / float(np.linalg.norm(vector)) for value in vector]


def decide(ids: list[int], *vectors: list[float]) -> list[tuple[int | None, str]]:
    found = assign(pl.Series("article_id", ids), np.array(vectors, dtype=np.float32), TOPICS)
    return found.select("topic_id", "assigned_by").rows()


def test_the_nearest_topic_within_its_limit() -> None:
    decided = decide([7, 8, 9], unit(1, 0.1, 0), unit(0.1, 1, 0), unit(0.1, 0.1, 1))
    assert decided == [(20, "vector"), (10, "vector"), (None, "none")]


def test_every_topic_has_its_own_limit() -> None:
    assert decide([7], unit(1, 0, 1)) == [(None, "none")]  # cosine 0.71: too far from the first
    assert decide([8], unit(0, 1, 1)) == [(10, "vector")]  # cosine 0.71: near enough to the second


def test_members_stay_in_their_cluster_wherever_they_lie() -> None:
    assert decide([3, 1], unit(1, 0, 0), unit(0, 0, 1)) == [(10, "cluster"), (20, "cluster")]


def test_probability_is_the_cosine_to_the_chosen_topic() -> None:
    found = assign(pl.Series("article_id", [3, 9]), np.array([unit(1, 1, 0), unit(3, 4, 0)], dtype=np.float32), TOPICS)
    assert found["probability"].to_list() == pytest.approx([0.5**0.5, 0.8])


VECTORS = st.lists(
    st.tuples(*[st.integers(-3, 3)] * 3).filter(any).map(lambda one: unit(*one)), min_size=1, max_size=10
)


@given(VECTORS, st.permutations(range(2)))
def test_every_article_is_assigned_by_itself(vectors: list[list[float]], order: list[int]) -> None:
    """Neither the other articles nor the order of the topics matter."""
    matrix = np.array(vectors, dtype=np.float32)
    ids = pl.Series("article_id", range(len(vectors)))
    whole = assign(ids, matrix, TOPICS)
    single = [assign(ids[row : row + 1], matrix[row : row + 1], TOPICS[order]) for row in range(len(vectors))]
    assert whole.select("topic_id", "assigned_by").equals(pl.concat(single).select("topic_id", "assigned_by"))


SUBJECTS = (
    "The minister told parliament that the new law on asylum would protect families who flee from war and hunger.",
    "The striker scored twice in the second half and secured the club a narrow victory in the home game on Saturday.",
    "Doctors in the northern hospitals warned that winter would be hard because many wards lack trained nurses.",
    "The central bank left its interest rate where it was and said that prices were rising more slowly than feared.",
    "Engineers worked through the night to repair the old bridge whose cables had rusted in decades of storms.",
    "The orchestra opened its season with three symphonies and a long ovation for the conductor who now retires.",
    "Farmers along the river asked for help after the flood had carried away fences, seed and a hundred sheep.",
    "Pupils of the village school planted apple trees and learned from a beekeeper how a hive lives in winter.",
)


def test_a_return_to_earlier_options_after_growth_assigns_to_the_topics_that_exist(tmp_path: Path) -> None:
    """The second model with these options is another one than the first: its sample has grown."""
    for size, number in ((2, 4), (3, 4), (3, 8), (2, 8)):
        write_jsonl(tmp_path / "a.jsonl", [article(text=text, title=text[:20]) for text in SUBJECTS[:number]])
        view = open_small(tmp_path, topics={"min_cluster_size": size})
        run_until(view, "topics")
        assigned = view.live("article_topics", "topic_id")
        assert assigned.height == number
        assert set(assigned["topic_id"].drop_nulls()) <= set(view.current("topics")["topic_id"])
