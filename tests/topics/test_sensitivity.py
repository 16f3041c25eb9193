"""Zero-shot sensitivity: value areas in four languages against sport, markets and weather."""

from __future__ import annotations

import numpy as np
import pytest

from navab.models.universal_encoder import UniversalEncoder
from navab.topics.sensitivity import Screen, build_screen, value_areas


@pytest.fixture(scope="module")
def screen() -> Screen:
    return build_screen(value_areas(), UniversalEncoder())


SENSITIVE = [
    "Lawmakers rejected the government's bill on asylum after a heated debate in parliament.",
    "外交部发言人强调，台湾是中国领土不可分割的一部分，坚决反对外部势力干涉。",
    "Der Bundestag streitet über ein Gesetz zur Begrenzung der Einwanderung.",
    "Des milliers de manifestants dénoncent la réforme des retraites du gouvernement.",
]
APOLITICAL = [
    "The striker scored twice as the club won its third match in a row in the league.",
    "球队主场三比一获胜，前锋梅开二度，积分榜升至第二。",
    "Der Konzern stellte auf der Messe ein neues Smartphone mit besserer Kamera vor.",
    "Le film a réuni un million de spectateurs dès sa première semaine en salles.",
]


@pytest.mark.parametrize(("sensitive", "apolitical"), list(zip(SENSITIVE, APOLITICAL, strict=True)))
def test_politics_scores_above_the_rest(screen: Screen, sensitive: str, apolitical: str) -> None:
    scores, areas = screen.score(UniversalEncoder().encode([sensitive, apolitical]))
    assert scores[0] > 0.03 > scores[1]  # the default of screening.threshold
    assert areas[0] in value_areas().sensitive


def test_a_score_does_not_depend_on_the_other_articles(screen: Screen) -> None:
    vectors = UniversalEncoder().encode(SENSITIVE + APOLITICAL)
    whole, areas = screen.score(vectors)
    for row in range(len(vectors)):
        one, area = screen.score(vectors[row : row + 1])
        assert one[0] == whole[row]
        assert area == [areas[row]]


def test_nearer_seeds_of_a_side_pull_to_it() -> None:
    axes = np.eye(4, dtype=np.float32)
    sensitive = np.array([True, True, False, False])
    screen = Screen(axes, np.array([1, 1, -1, -1], dtype=np.float32), 0.0, sensitive, ("a", "b"))
    vectors = np.array([[0.0, 1.0, 0.0, 0.0], [0.6, 0.0, 0.8, 0.0], [0.0, 0.0, 0.0, 1.0]], dtype=np.float32)
    scores, areas = screen.score(vectors)
    assert scores[0] > 0 > scores[1] > scores[2]
    assert areas[:2] == ["b", "a"]


def test_every_area_says_why_and_has_seeds_and_names_in_every_language() -> None:
    areas = value_areas()
    for name, area in (*areas.sensitive.items(), *areas.apolitical.items()):
        assert area.reason, name
        assert set(area.seeds) == {"en", "de", "fr", "zh"}, name
        assert set(area.names) == {"de", "fr", "zh"}, name
    assert not set(areas.sensitive) & set(areas.apolitical)


def test_no_seed_stands_on_both_sides_or_twice() -> None:
    areas = value_areas()
    seeds = [
        seed for side in (areas.sensitive, areas.apolitical) for area in side.values() for seed in area.sentences()
    ]
    assert len(seeds) == len(set(seeds))
