"""Screening against what editors' sections say of politics: AUC, F1 and their limits, per language.

python -m benchmarks.screening        about 3 minutes; needs ../shared/data

The head learns from navab's own seed sentences alone. Its constants, the threshold and the wording of the seeds were
chosen on one half of the labelled news, by a hash of ids; what is printed beside limits is the other half. Where the
label does not settle whether an article is political, it is left out. Topics are those of each language's articles, as
in a run. `zero-shot` is the nearest seeds of either side alone, F1 at its best threshold on the other half.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl
from sklearn.metrics import f1_score, roc_auc_score

from benchmarks.support.labelled_topics import Labelled, labelled_news
from benchmarks.support.measure import line
from navab.models.embedder import load_embedder
from navab.options.topics import EmbedderSection, ScreeningSection
from navab.stages.screening import steadied
from navab.topics.assignment import assign
from navab.topics.clustering import Clustering, find_clusters
from navab.topics.model import Topic, topic_frame
from navab.topics.sensitivity import Screen, build_screen, value_areas

LEAST_AUC = {"en": 0.97, "de": 0.95, "fr": 0.96, "zh": 0.92}
LEAST_F1 = {"en": 0.88, "de": 0.78, "fr": 0.85, "zh": 0.65}
_NEAREST = 3

Scores = npt.NDArray[np.float32]


def main() -> None:
    news, screen = labelled_news(), build_screen(value_areas(), load_embedder(EmbedderSection()))
    threshold = ScreeningSection().threshold
    print(f"{int(screen.sensitive.sum())} seeds of value areas, {int((~screen.sensitive).sum())} beside them")
    for language, least in LEAST_AUC.items():
        labelled = news.where(news.column("language") == language)
        own, _ = screen.score(labelled.vectors)
        score = steadied(own, _topic_scores(labelled, own))
        flags = labelled.column("politics")
        known = np.array([flag is not None for flag in flags])
        reported = known & labelled.is_reported
        gold = flags[reported].astype(bool)
        zero = _zero_shot(labelled, screen)
        chosen = known & ~labelled.is_reported
        best = _best_threshold(flags[chosen].astype(bool), zero[chosen])
        print(f"{language}: {len(gold)} articles, {100 * gold.mean():.0f} % political")
        for name, scores, limit in (("article alone", own, threshold), ("zero-shot", zero, best)):
            auc, f1 = roc_auc_score(gold, scores[reported]), f1_score(gold, scores[reported] >= limit)
            print(f"    {name:<14} AUC {auc:.3f}  F1 {f1:.3f}")
        line(f"{language}: AUC", roc_auc_score(gold, score[reported]), least, least=True)
        line(
            f"{language}: F1 at {threshold}",
            f1_score(gold, score[reported] >= threshold),
            LEAST_F1[language],
            least=True,
        )


def _topic_scores(labelled: Labelled, own: Scores) -> pl.Series:
    """The mean score of the members of each article's topic; null for an article without one."""
    ids = np.arange(len(own))
    topics = [Topic(cluster) for cluster in find_clusters(labelled.vectors, Clustering())]
    means = [float(own[topic.cluster.members].mean()) for topic in topics]
    found = assign(pl.Series("article_id", ids), labelled.vectors, topic_frame(topics, ids, range(len(topics))))
    return found["topic_id"].replace_strict(dict(enumerate(means)), default=None, return_dtype=pl.Float32)


def _zero_shot(labelled: Labelled, screen: Screen) -> Scores:
    cosines = labelled.vectors @ screen.seeds.T
    near, far = (np.sort(cosines[:, side], axis=1)[:, -_NEAREST:] for side in (screen.sensitive, ~screen.sensitive))
    difference: Scores = near.mean(axis=1) - far.mean(axis=1)
    return difference


def _best_threshold(gold: npt.NDArray[np.bool_], scores: Scores) -> float:
    places = np.quantile(scores, np.linspace(0.02, 0.98, 97))
    return float(max(places, key=lambda place: f1_score(gold, scores >= place)))


if __name__ == "__main__":
    main()
