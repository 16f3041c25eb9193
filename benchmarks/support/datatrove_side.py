"""The other side of two benchmarks, run by datatrove's own interpreter: python datatrove_side.py TASK IN OUT MODEL.

`language` reads JSON Lines, identifies languages and writes JSON Lines; `minhash` finds near-duplicates (defaults: 14
buckets of 8 hashes, 5-grams of words). Both use two workers.
"""

import sys
import time
from pathlib import Path

from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupSignature
from datatrove.pipeline.filters import LanguageFilter
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter

WORKERS = 2


def language(source: str, out: str, model: str) -> None:
    keep = LanguageFilter(languages=["en", "fr", "de", "zh"], language_threshold=0.5)
    from fasttext.FastText import _FastText  # noqa: PLC0415

    class Bundled(type(keep.model)):
        """The same identifier with navab's model file instead of a download."""

        @property
        def model(self):
            if self._model is None:
                self._model = _FastText(model)
            return self._model

    keep.model = Bundled(["en", "fr", "de", "zh"])
    reader = JsonlReader(source, glob_pattern="*.jsonl.gz")
    _run([reader, keep, JsonlWriter(f"{out}/kept")], out, "language", 32)


def minhash(source: str, out: str, _: str) -> None:
    reader = JsonlReader(source, glob_pattern="*.jsonl.gz")
    _run([reader, MinhashDedupSignature(f"{out}/signatures")], out, "signatures", 32)
    _run([MinhashDedupBuckets(f"{out}/signatures", f"{out}/buckets")], out, "buckets", 14)
    _run([MinhashDedupCluster(f"{out}/buckets", f"{out}/removed")], out, "cluster", 1)


def _run(pipeline, out: str, name: str, tasks: int) -> None:
    LocalPipelineExecutor(pipeline, tasks=tasks, workers=WORKERS, logging_dir=f"{out}/logs/{name}").run()


if __name__ == "__main__":
    task, source, out, model = sys.argv[1:]
    Path(out).mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    {"language": language, "minhash": minhash}[task](source, out, model)
    print(f"SECONDS {time.monotonic() - started}")
