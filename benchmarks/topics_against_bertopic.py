"""Topics beside BERTopic: agreement with editors' labels, unassigned articles and seconds, on the same vectors.

python -m benchmarks.topics_against_bertopic        about 6 minutes; needs ../shared/data and, once, a package index

BERTopic runs with its defaults and three seeds of UMAP (means; seconds: the fastest, with numba warm), navab with its
defaults and seed 0. Both times hold model, assignment of all documents and keywords. NMI and ARI are over all
documents: those without a topic count as one topic more.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

from benchmarks.support.labelled_topics import Labelled, labelled_news
from benchmarks.support.measure import line
from navab.topics.assignment import assign
from navab.topics.clustering import Clustering, find_clusters
from navab.topics.keywords import keywords
from navab.topics.model import Topic, topic_frame

ENVIRONMENT = Path(os.environ.get("BERTOPIC_VENV", "/tmp/navab-bertopic"))
PACKAGES = ["bertopic==0.17.4"]
SIDE = Path(__file__).parent / "support" / "bertopic_side.py"
SEEDS = (0, 1, 2)
# The first two have limits; the others are shown.
SETS = {
    "BBC 2004-05": "en",
    "10kGNAD": "de",
    "XGLUE-NC-de": "de",
    "THUCNews titles": "zh",
    "TNEWS (FewCLUE)": "zh",
    "Google News FR sections (10 Jan 2020)": "fr",
    "gilets_jaunes Figaro/Le Point (URL section, weak)": "fr",
}
LIMITED = ("BBC 2004-05", "10kGNAD")


@dataclass(frozen=True)
class Result:
    """How one side did on one set; agreement as means over its runs."""

    nmi: float
    ari: float
    unassigned: float
    topics: float
    seconds: float


def main() -> None:
    news = labelled_news()
    results = {}
    for name, language in SETS.items():
        labelled = news.where(news.column("dataset") == name)
        results[name] = (_navab(labelled, language), _bertopic(labelled))
        for side, result in zip(("navab", "BERTopic"), results[name], strict=True):
            print(
                f"{name[:28]:<28} {side:<9} NMI {result.nmi:.3f}  ARI {result.ari:.3f}  "
                f"unassigned {100 * result.unassigned:5.1f} %  topics {result.topics:5.1f}  {result.seconds:6.1f} s",
                flush=True,
            )
    for name in LIMITED:
        own, other = results[name]
        line(f"{name}: NMI against BERTopic", own.nmi, other.nmi, least=True)
        line(f"{name}: ARI against BERTopic", own.ari, other.ari, least=True)
        line(f"{name}: unassigned against half of BERTopic", own.unassigned, other.unassigned / 2)
        line(f"{name}: seconds against BERTopic", own.seconds, other.seconds)


def _navab(labelled: Labelled, language: str) -> Result:
    ids = np.arange(len(labelled.rows))
    started = time.monotonic()
    topics = [Topic(cluster) for cluster in find_clusters(labelled.vectors, Clustering())]
    frame = topic_frame(topics, ids, range(len(topics)))
    found = assign(pl.Series("article_id", ids), labelled.vectors, frame)["topic_id"].fill_null(-1).to_list()
    texts = labelled.texts
    keywords([[texts[row] for row in topic.cluster.members] for topic in topics], (language,))
    return _result(labelled, [found], time.monotonic() - started)


def _bertopic(labelled: Labelled) -> Result:
    runs, seconds = [], []
    with tempfile.TemporaryDirectory() as folder:
        vectors, documents, out = (Path(folder, name) for name in ("vectors.npy", "documents.json", "out.json"))
        np.save(vectors, labelled.vectors)
        documents.write_text(json.dumps(labelled.texts), "utf-8")
        for seed in SEEDS:
            subprocess.run([_interpreter(), SIDE, vectors, documents, out, str(seed)], check=True, capture_output=True)
            made = json.loads(out.read_text("utf-8"))
            runs.append(made["topics"])
            seconds.append(made["seconds"])
    return _result(labelled, runs, min(seconds))


def _interpreter() -> Path:
    """BERTopic's interpreter, in a virtual environment that is made if it is not there."""
    python = ENVIRONMENT / "bin" / "python"
    if not python.exists():
        subprocess.run(["python3.11", "-m", "venv", str(ENVIRONMENT)], check=True)
        subprocess.run([str(ENVIRONMENT / "bin" / "pip"), "install", "--quiet", *PACKAGES], check=True)
    return python


def _result(labelled: Labelled, runs: list[list[int]], seconds: float) -> Result:
    labels = labelled.column("label").tolist()
    return Result(
        nmi=float(np.mean([normalized_mutual_info_score(labels, run) for run in runs])),
        ari=float(np.mean([adjusted_rand_score(labels, run) for run in runs])),
        unassigned=float(np.mean([np.mean(np.array(run) < 0) for run in runs])),
        topics=float(np.mean([len(set(run) - {-1}) for run in runs])),
        seconds=seconds,
    )


if __name__ == "__main__":
    main()
