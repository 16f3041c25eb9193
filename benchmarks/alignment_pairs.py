"""What gives preference pairs away without any value being read, before and after balancing; and the split's leaks.

    .venv/bin/python -m benchmarks.alignment_pairs --config navab.yaml

Reads the latest release of the configuration's lake, and writes nothing. Figures are the share of train pairs on which
a cue alone picks the chosen text, against 0.5, which is chance; the limit of leaks is 0.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from navab.alignment.artefacts import measure
from navab.alignment.leaks import leaks
from navab.commands.opening import open_view
from navab.lessons import Lessons
from navab.options.alignment import AlignmentSection
from navab.options.evaluation import ModelSection
from navab.release.find import FoundRelease, find_releases
from navab.view import View

VARIANTS = {
    "as released": {"balance": False},
    "balanced": {"balance": True},
    "S rewritten": {"balance": False, "rewrite": True},
    "S rewritten, balanced": {"balance": True, "rewrite": True},
}


def rows(view: View, release: FoundRelease) -> Iterator[str]:
    """One line a variant and nation."""
    for name, changes in VARIANTS.items():
        lessons = Lessons(view, release, AlignmentSection.model_validate(changes))
        (training,) = lessons.plan(ModelSection(model="none"))
        for one in measure(lessons.candidates(training)):
            words = f"{one.words.mean:.3f} ({one.words.low:.3f}-{one.words.high:.3f})" if one.words.count else "-"
            excess = f"{one.words.mean / 0.5:.2f}" if one.words.count else "-"
            cues = f"{one.polarity:.3f} | {one.length:.3f}"
            yield f"| {name} | {one.nation} | {one.pairs:,} | {one.groups:,} | {words} | {excess} | {cues} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--set", dest="settings", action="append", default=[])
    arguments = parser.parse_args()
    view = open_view(arguments.config, arguments.settings)
    release = find_releases(view.lake.storage, ())[0]
    print("| pairs | nation | pairs | groups | words | ratio to chance | negation | length |\n" + "|---" * 8 + "|")
    for row in rows(view, release):
        print(row, flush=True)
    lessons = Lessons(view, release, AlignmentSection())
    keys = lessons.keys()
    found = leaks(keys)
    for kind in sorted(keys["kind"].unique()):
        number = found.filter(pl.col("kind") == kind).height
        print(f"{kind}: {number} of {keys.filter(pl.col('kind') == kind)['key'].n_unique():,} on both sides (limit 0)")
    print(f"triples of train that are not learned: {len(lessons.left_out)}")


if __name__ == "__main__":
    main()
