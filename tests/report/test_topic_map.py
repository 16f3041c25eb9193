"""The map of topics: places, sizes, and what the page shows of it."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from navab.report.data import ReportData, Topic
from navab.report.page import render_report
from navab.report.topic_map import HEIGHT, WIDTH, project, topic_maps

TOPIC = Topic(
    nation="cn", topic_id=1, label="a", keywords=(), size=1, sensitive=True, sensitivity=0.0, decided_by="embedding"
)


def topics(counts: list[int], seed: int = 0) -> list[Topic]:
    vectors = np.random.default_rng(seed).normal(size=(len(counts), 16))
    return [
        replace(TOPIC, topic_id=number, articles=count, centroid=tuple(vectors[number]))
        for number, count in enumerate(counts)
    ]


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=40), st.integers(0, 100))
def test_every_circle_is_whole_and_on_the_map(counts: list[int], seed: int) -> None:
    (found,) = topic_maps(topics(counts, seed))
    assert sorted(circle.topic.topic_id for circle in found.circles) == list(range(len(counts)))
    for circle in found.circles:
        assert circle.radius > 0
        assert circle.radius <= circle.x <= WIDTH - circle.radius
        assert circle.radius <= circle.y <= HEIGHT - circle.radius
    sizes = [circle.topic.articles for circle in found.circles]
    assert sizes == sorted(sizes, reverse=True), "small circles lie on top"


def test_alike_topics_lie_close_together_in_whatever_order() -> None:
    near = np.array([[1.0, 0.1, 0.0], [1.0, 0.0, 0.1], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.3]], dtype=np.float32)
    points = project(near)
    apart = np.linalg.norm(points[:, None] - points[None], axis=-1)
    assert apart[0, 1] == apart[np.triu_indices(4, 1)].min()
    order = [2, 0, 3, 1]
    assert np.allclose(project(near[order]), points[order], atol=1e-5)


def test_topics_without_a_place_are_not_drawn() -> None:
    assert topic_maps([TOPIC]) == []
    (alone,) = topic_maps(topics([5]))
    assert (alone.circles[0].x, alone.circles[0].y) == (WIDTH / 2, HEIGHT / 2)


def test_the_page_shows_each_topic_with_size_decision_and_headlines(data: ReportData) -> None:
    page = render_report(data)
    titles = re.findall(r"<circle[^>]*class=\"([^\"]*)\"><title>([^<]*)</title>", page)
    assert [kind for kind, _ in titles] == ["yes", "no person"]
    said = " ".join(titles[0][1].split())
    assert said == "经济 · 520 articles · value-sensitive (embedding) – 市场增长 – 央行降息"
    assert "足球" in page
    assert 'data-value="640"' in page
    assert "split" in page and "died" in page
