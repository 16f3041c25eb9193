"""The other side of topics_against_bertopic.py, run by BERTopic's own interpreter.

python bertopic_side.py VECTORS.npy DOCUMENTS.json OUT.json SEED

BERTopic with its defaults, but for UMAP's seed, which makes it repeatable.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
from bertopic import BERTopic
from umap import UMAP

if __name__ == "__main__":
    vectors, documents, out, seed = sys.argv[1:]
    embeddings, texts = np.load(vectors), json.loads(Path(documents).read_text("utf-8"))
    UMAP(n_components=5, metric="cosine").fit(embeddings[:200])  # numba compiles
    started = time.monotonic()
    reduction = UMAP(n_neighbors=15, n_components=5, min_dist=0.0, metric="cosine", random_state=int(seed))
    topics, _ = BERTopic(umap_model=reduction).fit_transform(texts, embeddings=embeddings)
    seconds = time.monotonic() - started
    Path(out).write_text(json.dumps({"topics": [int(topic) for topic in topics], "seconds": seconds}), "utf-8")
